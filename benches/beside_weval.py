#!/usr/bin/env python3
"""Functions that `prova specialize` makes beside weval's: executed operators and bytes.

    pip install wasmtime==48.0.0          # the library, whose fuel counts operators exactly
    cargo build --release -p prova-cli
    benches/beside_weval.py --prova target/release/prova --weval WEVAL SUBJECTS

SUBJECTS is a table, a row for each run: a name, a module before its initialiser has run, the module
as it is without requests (or `-`), the export to be called, arguments; separated by tabs. Modules
are those of programs/specialize (its scripts build them) and weval's own example.

The initialiser runs once, in Prova (`specialize -w --init-only`); both tools get the same module
with the same requests. Each output has to be the plain interpreter's. Operators are Wasmtime's fuel.
Sizes are those of the bodies that were added. Printed are both, and geometric means of ratios.
"""
import argparse, csv, hashlib, math, os, subprocess, sys, tempfile


def worker(file, export, args):
    """One run; prints the fuel that it took, behind what it prints."""
    import wasmtime
    config = wasmtime.Config()
    config.consume_fuel = True
    config.wasm_exceptions = True
    engine = wasmtime.Engine(config)
    module = wasmtime.Module.from_file(engine, file)
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    linker.define_unknown_imports_as_traps(module)
    wasi = wasmtime.WasiConfig()
    wasi.argv = ["program"] + args
    wasi.inherit_stdout()
    store = wasmtime.Store(engine)
    store.set_wasi(wasi)
    most = (1 << 63) - 1
    store.set_fuel(most)
    function = linker.instantiate(store, module).exports(store)[export]
    try:
        result = function(store, *([] if export == "_start" else map(int, args)))
        if result is not None:
            print(result)
    except wasmtime.ExitTrap as end:
        if end.code != 0:
            sys.exit(end.code)
    sys.stdout.flush()
    print(most - store.get_fuel(), file=sys.stderr)


def run(file, export, args):
    done = subprocess.run([sys.executable, __file__, "--worker", file, export, *args], capture_output=True, timeout=900)
    if done.returncode != 0:
        return None, done.stderr.decode(errors="replace").strip().splitlines()[-1:]
    return hashlib.sha256(done.stdout).hexdigest()[:8], int(done.stderr.split()[-1])


def leb(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def bodies(file):
    """The sizes of all bodies of a module, in order."""
    with open(file, "rb") as f:
        data = f.read()
    at = 8
    while at < len(data):
        kind = data[at]
        size, at = leb(data, at + 1)
        if kind == 10:
            count, at = leb(data, at)
            sizes = []
            for _ in range(count):
                size, at = leb(data, at)
                sizes.append(size)
                at += size
            return sizes
        at += size
    return []


def mean(ratios):
    return math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else float("nan")


def made(args, module, work):
    """The modules of one subject by each way, with the bytes that were added."""
    start = os.path.join(work, "start.wasm")
    subprocess.run([args.prova, "specialize", "-w", "--init-only", module, "-o", start], check=True)
    before, found = len(bodies(start)), {}
    ways = {"weval": [args.weval, "weval", "-i", start]}
    for how in ("check", "trust"):
        ways[how] = [args.prova, "specialize", start, "--assume", how]
    ways["strict"] = [args.prova, "specialize", start, "--strict"]
    for way, command in ways.items():
        out = os.path.join(work, way + ".wasm")
        done = subprocess.run([*command, "-o", out], capture_output=True, timeout=900)
        if done.returncode != 0:
            lines = done.stderr.decode(errors="replace").strip().splitlines()
            print(f"# {module} {way}: {lines[-1] if lines else done.returncode}")
            continue
        sizes = bodies(out)
        found[way] = (out, len(sizes) - before, sum(sizes[before:]))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prova", required=True)
    parser.add_argument("--weval", required=True)
    parser.add_argument("subjects")
    args = parser.parse_args()
    with open(args.subjects, newline="") as f:
        rows = [row for row in csv.reader(f, delimiter="\t") if row and not row[0].startswith("#")]
    ways = ["weval", "check", "trust", "strict"]
    print("subject\tplain\t" + "\t".join(f"{way} operators\t{way} functions\t{way} bytes" for way in ways))
    operators, sizes, modules = {}, {}, {}
    with tempfile.TemporaryDirectory() as work:
        for name, module, plain, export, *words in rows:
            words = words[0].split() if words else []
            if module not in modules:
                folder = os.path.join(work, str(len(modules)))
                os.mkdir(folder)
                modules[module] = made(args, module, folder)
            expected, cost = run(plain, export, words) if plain != "-" else (None, "-")
            cells = [name, str(cost)]
            costs = {}
            for way in ways:
                if way not in modules[module]:
                    cells += ["-", "-", "-"]
                    continue
                out, count, added = modules[module][way]
                printed, units = run(out, export, words)
                # Without a plain module, what the first way prints.
                expected = expected or printed
                if printed != expected:
                    cells += [f"another output: {units}", str(count), str(added)]
                    continue
                costs[way] = units
                cells += [str(units), str(count), str(added)]
            print("\t".join(cells), flush=True)
            if "weval" in costs:
                for way in costs:
                    operators.setdefault(way, []).append(costs[way] / costs["weval"])
    for found in modules.values():
        if "weval" in found and found["weval"][1]:
            for way, (_, count, added) in found.items():
                if count == found["weval"][1]:
                    sizes.setdefault(way, []).append(added / found["weval"][2])
    for way in ways[1:]:
        print(f"# {way} / weval: operators {mean(operators.get(way, [])):.3f} of {len(operators.get(way, []))} runs, "
              f"bytes {mean(sizes.get(way, [])):.3f} of {len(sizes.get(way, []))} modules")


if __name__ == "__main__":
    if len(sys.argv) > 3 and sys.argv[1] == "--worker":
        worker(sys.argv[2], sys.argv[3], sys.argv[4:])
    else:
        main()
