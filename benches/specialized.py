#!/usr/bin/env python3
"""Processor time of specialised programs beside the same with their interpreter as it is.

    pip install wasmtime==48.0.0
    benches/specialized.py --prova target/release/prova [--rounds 5] [--engines wasmtime,native,interp] SUBJECTS

SUBJECTS is a table, a row for each program, its cells separated by tabs: a name, the module as it is, the
module that `prova specialize` has made, arguments of a short run, arguments of a long run. By turns, each in a
new process; what counts is user time of the long run less that of the short one, so compiling and
start-up are out. Printed are the medians of both and the ratio plain / specialised, then geometric means.
"""
import argparse, csv, hashlib, math, resource, statistics, subprocess, sys


def worker(file, args):
    import wasmtime
    config = wasmtime.Config()
    config.wasm_exceptions = True
    engine = wasmtime.Engine(config)
    module = wasmtime.Module.from_file(engine, file)
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    wasi = wasmtime.WasiConfig()
    wasi.argv = ["program"] + args
    wasi.inherit_stdout()
    store = wasmtime.Store(engine)
    store.set_wasi(wasi)
    try:
        linker.instantiate(store, module).exports(store)["_start"](store)
    except wasmtime.ExitTrap as end:
        sys.exit(end.code)


def run(engine, prova, file, args):
    """User time of one run, and what it printed."""
    command = [sys.executable, __file__, "--worker", file, *args] if engine == "wasmtime" else [
        prova, "run", "--tier", engine, file, *args]
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = subprocess.run(command, capture_output=True, timeout=900)
    if done.returncode != 0:
        raise SystemExit(f"{command}: {done.stderr[-300:]}")
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before, hashlib.sha256(done.stdout).digest()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prova", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--engines", default="wasmtime,native,interp")
    parser.add_argument("subjects")
    args = parser.parse_args()
    with open(args.subjects, newline="") as f:
        rows = [row for row in csv.reader(f, delimiter="\t") if row and not row[0].startswith("#")]
    ratios = {}
    print("subject\tengine\tplain s\tspecialised s\tratio")
    for name, plain, made, short, long in rows:
        for engine in args.engines.split(","):
            times = {plain: [], made: []}
            for _ in range(args.rounds):
                printed = set()
                for file in (plain, made):
                    start, _ = run(engine, args.prova, file, short.split())
                    end, out = run(engine, args.prova, file, long.split())
                    times[file].append(end - start)
                    printed.add(out)
                if len(printed) != 1:
                    raise SystemExit(f"{name}: another output")
            before, after = (statistics.median(times[file]) for file in (plain, made))
            ratios.setdefault(engine, []).append(before / after)
            print(f"{name}\t{engine}\t{before:.3f}\t{after:.3f}\t{before / after:.2f}", flush=True)
    for engine, all in ratios.items():
        print(f"# {engine}: {math.exp(sum(map(math.log, all)) / len(all)):.2f} (geometric mean of {len(all)})")


if __name__ == "__main__":
    if len(sys.argv) > 2 and sys.argv[1] == "--worker":
        worker(sys.argv[2], sys.argv[3:])
    else:
        main()
