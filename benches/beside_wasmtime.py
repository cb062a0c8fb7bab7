#!/usr/bin/env python3
"""Native code of Prova beside Wasmtime's, over the *bench* cases of a collection of programs.

    pip install wasmtime==48.0.0          # the library, with its own clock for each part
    cargo build --release -p prova-testing --example native_run
    benches/beside_wasmtime.py --programs programs [--rounds 5] [--modes guard,explicit,fuel,epochs,wasmtime,…]

Each case runs in each mode by turns, `rounds` times, each time in a new process. Printed are medians of
processor time, of compiling and of running apart, and geometric means of ratios. What a program prints is
compared with what the manifest expects. Compiling is on one thread in Wasmtime; processor time of all threads
counts on both sides.
"""
import argparse, csv, hashlib, math, os, shlex, shutil, statistics, subprocess, sys, tempfile, time

MODES = {
    "guard": [], "explicit": ["--explicit"], "no-signals": ["--no-signals"],
    "fuel": ["--fuel"], "epochs": ["--epochs"], "interp": ["--interp"],
}


def with_wasi(engine, file, args):
    """A linker and a store of Wasmtime for a program with these arguments and the folders of a case."""
    import wasmtime
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    wasi = wasmtime.WasiConfig()
    wasi.argv = [file] + args
    wasi.inherit_stdout(); wasi.inherit_stderr(); wasi.inherit_stdin()
    for folder in ("data", "tmp", "share"):
        if os.path.isdir(folder):
            wasi.preopen_dir(folder, folder)
    store = wasmtime.Store(engine)
    store.set_wasi(wasi)
    return linker, store


def wasmtime_worker(mode, file, args):
    """One program in Wasmtime; prints the two times as `native_run` does."""
    import wasmtime
    config = wasmtime.Config()
    config.parallel_compilation = False
    if "explicit" in mode:
        config.memory_reservation = 0
        config.memory_guard_size = 0
        config.memory_reservation_for_growth = 1 << 32
        config.cranelift_flag_set("enable_heap_access_spectre_mitigation", "false")
    config.wasm_exceptions = True
    if "fuel" in mode:
        config.consume_fuel = True
    if "epochs" in mode:
        config.epoch_interruption = True
    engine = wasmtime.Engine(config)
    with open(file, "rb") as f:
        wasm = f.read()
    start = time.process_time()
    module = wasmtime.Module(engine, wasm)
    compiled = time.process_time()
    linker, store = with_wasi(engine, file, args)
    if "fuel" in mode:
        store.set_fuel((1 << 63) - 1)
    if "epochs" in mode:
        store.set_epoch_deadline(1)
    instance = linker.instantiate(store, module)
    code = 0
    try:
        instance.exports(store)["_start"](store)
    except wasmtime.ExitTrap as end:
        code = end.code
    ran = time.process_time()
    sys.stdout.flush()
    print(f"compile {compiled - start:.3f} run {ran - compiled:.3f}", file=sys.stderr)
    return code


def run(mode, case, folder, program):
    """Compile and run times of one run, or a word about what went wrong."""
    with tempfile.TemporaryDirectory() as work:
        for name in ("bin", "data", "share"):
            if os.path.isdir(os.path.join(folder, name)):
                os.symlink(os.path.join(folder, name), os.path.join(work, name))
        os.mkdir(os.path.join(work, "tmp"))
        args = shlex.split(case["args"])
        if mode.startswith("wasmtime"):
            command = [sys.executable, os.path.abspath(__file__), "--worker", mode, case["file"], *args]
        else:
            command = [program, *MODES[mode], case["file"], *args]
        stdin = case.get("stdin", "-")
        source = open(os.path.join(folder, stdin) if stdin not in ("-", "") else os.devnull, "rb")
        with source:
            done = subprocess.run(command, cwd=work, stdin=source, capture_output=True, timeout=900)
        if done.returncode != 0:
            return f"exit {done.returncode}: {done.stderr[-200:]!r}"
        out = done.stdout
        if case["id"].startswith("sqlite-speedtest1"):
            out = b"".join(l for l in out.splitlines(True) if l.startswith(b"Verification"))
        for name in sorted(os.listdir(os.path.join(work, "tmp"))):
            if not name.startswith("bench.db"):
                with open(os.path.join(work, "tmp", name), "rb") as f:
                    out += f"{hashlib.sha256(f.read()).hexdigest()}  tmp/{name}\n".encode()
        if hashlib.sha256(out).hexdigest() != case["expected_stdout_sha256"]:
            return "another output"
        words = done.stderr.decode(errors="replace").splitlines()[-1].split()
        return float(words[1]), float(words[3])


def mean(ratios):
    return math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else float("nan")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", default="programs")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--modes", default="guard,wasmtime,explicit,wasmtime-explicit,fuel,epochs")
    parser.add_argument("--filter", default="")
    parser.add_argument("--native-run", default="target/release/examples/native_run")
    args = parser.parse_args()
    folder, program, modes = os.path.abspath(args.programs), os.path.abspath(args.native_run), args.modes.split(",")
    with open(os.path.join(folder, "manifest.tsv"), newline="") as f:
        cases = [c for c in csv.DictReader(f, delimiter="\t") if c["class"] == "bench" and args.filter in c["id"]]
    print("id\t" + "\t".join(f"{m} compile\t{m} run" for m in modes), flush=True)
    table = {}
    for case in cases:
        times = {m: [] for m in modes}
        for _ in range(args.rounds):
            for m in modes:
                one = run(m, case, folder, program)
                if isinstance(one, str):
                    print(f"# {case['id']} {m}: {one}", flush=True)
                else:
                    times[m].append(one)
        medians = {m: tuple(statistics.median(t) for t in zip(*times[m])) for m in modes if times[m]}
        table[case["id"]] = medians
        cells = [f"{medians[m][0]:.3f}\t{medians[m][1]:.3f}" if m in medians else "-\t-" for m in modes]
        print(case["id"] + "\t" + "\t".join(cells), flush=True)
    base = modes[0]
    for m in modes[1:]:
        both = [row for row in table.values() if base in row and m in row]
        for part, name in ((1, "run"), (0, "compile")):
            ratios = [row[base][part] / row[m][part] for row in both if row[m][part] > 0 and row[base][part] > 0]
            print(f"# {base} / {m}, {name}: {mean(ratios):.3f} (geometric mean of {len(ratios)} cases)")


if __name__ == "__main__":
    if len(sys.argv) > 3 and sys.argv[1] == "--worker":
        sys.exit(wasmtime_worker(sys.argv[2], sys.argv[3], sys.argv[4:]))
    main()
