#!/usr/bin/env python3
"""Programs from start to finish: processor time of tier `auto` beside other tiers and engines.

    pip install wasmtime==48.0.0                 # only for the peer `wasmtime`
    cargo install wasmi_cli --version 2.0.0 --locked
    cargo build --release -p prova-cli
    benches/start_to_finish.py --prova target/release/prova --programs DIR [--more FOLDER]
        [--engines auto,interp,wasmi,wasmtime] [--rounds 5] [--filter ID]

Cases are the rows of a manifest of programs (`programs/README.md`) of the classes *bench*, *test* and *diff*, and
each `.wasm` of FOLDER, run without arguments. Each case runs in each engine by turns. Printed are medians of user
and system time of all threads of a process in milliseconds, and for each case the ratio of the first engine to the
best of the peers (`wasmi`, `wasmtime`); in the end their geometric mean, and the worst. What a program prints is
compared with the manifest. Of Wasmtime the library is measured, in a process of Python: from before its engine is
made to the end of the program, without Python's own start. An engine is a name with options of prova behind it,
such as `auto:-Ohot=4294967295`.
"""
import argparse, csv, hashlib, math, os, shlex, statistics, subprocess, sys, tempfile, time
from beside_wasmtime import with_wasi


def wasmtime_worker(file, args):
    import wasmtime
    start = time.process_time()
    config = wasmtime.Config()
    config.wasm_exceptions = True
    engine = wasmtime.Engine(config)
    with open(file, "rb") as f:
        module = wasmtime.Module(engine, f.read())
    linker, store = with_wasi(engine, file, args)
    code = 0
    try:
        linker.instantiate(store, module).exports(store)["_start"](store)
    except wasmtime.ExitTrap as end:
        code = end.code
    print(f"took {time.process_time() - start:.6f}", file=sys.stderr)
    return code


def command(engine, case, options):
    name, _, more = engine.partition(":")
    args = shlex.split(case["args"])
    dirs = [word for folder in ("data", "tmp", "share") for word in ("--dir", folder)]
    if name == "wasmtime":
        return [sys.executable, os.path.abspath(__file__), "--worker", case["file"], *args]
    if name == "wasmi":
        return [options.wasmi, "run", *dirs, case["file"], *args]
    return [options.prova, "run", "--tier", name, *shlex.split(more), *dirs, case["file"], *args]


def run(engine, case, options):
    """Seconds of processor time, or a word about what went wrong."""
    with tempfile.TemporaryDirectory() as work:
        for name in ("bin", "data", "share"):
            if os.path.isdir(os.path.join(options.programs, name)):
                os.symlink(os.path.join(options.programs, name), os.path.join(work, name))
            else:
                os.mkdir(os.path.join(work, name))
        os.mkdir(os.path.join(work, "tmp"))
        stdin = case.get("stdin") or "-"
        stdin = os.devnull if stdin == "-" else os.path.join(options.programs, stdin)
        out_path, err_path = os.path.join(work, "out"), os.path.join(work, "err")
        with open(stdin, "rb") as source, open(out_path, "wb") as out, open(err_path, "wb") as err:
            child = subprocess.Popen(command(engine, case, options), cwd=work, stdin=source, stdout=out, stderr=err)
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        with open(out_path, "rb") as f:
            out = f.read()
        with open(err_path, "rb") as f:
            err = f.read()
        if child.returncode != 0:
            return f"exit {child.returncode}: {err[-200:]!r}"
        if case["id"].startswith("sqlite-speedtest1"):
            out = b"".join(l for l in out.splitlines(True) if l.startswith(b"Verification"))
        for name in sorted(os.listdir(os.path.join(work, "tmp"))):
            if not name.startswith("bench.db"):
                with open(os.path.join(work, "tmp", name), "rb") as f:
                    out += f"{hashlib.sha256(f.read()).hexdigest()}  tmp/{name}\n".encode()
        expected = case.get("expected_stdout_sha256")
        if expected and hashlib.sha256(out).hexdigest() != expected:
            return "another output"
        if engine == "wasmtime":
            return float(err.decode(errors="replace").split()[-1])
        return usage.ru_utime + usage.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prova", default="target/release/prova")
    parser.add_argument("--wasmi", default="wasmi")
    parser.add_argument("--programs", default="programs")
    parser.add_argument("--more")
    parser.add_argument("--engines", default="auto,interp,wasmi,wasmtime")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--filter", default="")
    options = parser.parse_args()
    options.programs, options.prova = os.path.abspath(options.programs), os.path.abspath(options.prova)
    engines = options.engines.split(",")
    with open(os.path.join(options.programs, "manifest.tsv"), newline="") as f:
        cases = [c for c in csv.DictReader(f, delimiter="\t") if c["class"] in ("bench", "test", "diff")]
    if options.more:
        more = os.path.abspath(options.more)
        names = [name for name in sorted(os.listdir(more)) if name.endswith(".wasm")]
        cases = [{"id": name[:-5], "file": os.path.join(more, name), "args": ""} for name in names] + cases
    wanted = options.filter.split(",")
    cases = [c for c in cases if any(word in c["id"] for word in wanted)]
    print("case\t" + "\t".join(engines) + "\tfirst / best peer\t" + "\t".join(f"first / {e}" for e in engines[1:]), flush=True)
    ratios, against = {}, {e: [] for e in engines[1:]}
    for case in cases:
        times = {e: [] for e in engines}
        for _ in range(options.rounds):
            for e in engines:
                one = run(e, case, options)
                if isinstance(one, str):
                    print(f"# {case['id']} {e}: {one}", flush=True)
                else:
                    times[e].append(one)
        medians = {e: statistics.median(t) for e, t in times.items() if t}
        first = medians.get(engines[0])
        peers = [medians[e] for e in engines if e in ("wasmi", "wasmtime") and e in medians]
        cells = [f"{1e3 * medians[e]:.1f}" if e in medians else "-" for e in engines]
        last = "-"
        if first and peers:
            ratios[case["id"]] = first / min(peers)
            last = f"{ratios[case['id']]:.2f}"
        beside = []
        for e in engines[1:]:
            if first and medians.get(e):
                against[e].append(first / medians[e])
                beside.append(f"{first / medians[e]:.2f}")
            else:
                beside.append("-")
        print("\t".join([case["id"], *cells, last, *beside]), flush=True)
    mean = lambda all: math.exp(sum(map(math.log, all)) / len(all))
    if ratios:
        worst = max(ratios, key=ratios.get)
        print(f"# {engines[0]} / best peer: {mean(ratios.values()):.3f} (geometric mean of {len(ratios)}); worst {worst} {ratios[worst]:.2f}")
    for e in engines[1:]:
        if against[e]:
            print(f"# {engines[0]} / {e}: {mean(against[e]):.3f} (geometric mean of {len(against[e])})")


if __name__ == "__main__":
    if len(sys.argv) > 2 and sys.argv[1] == "--worker":
        sys.exit(wasmtime_worker(sys.argv[2], sys.argv[3:]))
    main()
