#!/usr/bin/env python3
"""Times the seven cases of objects.wat: `objects.py PROVA WASMTIME [ROUNDS]`.

Each round runs Prova's native tier and Wasmtime with each of its two collectors in turn; the least
time of a program counts, with start and compilation. The interpreter runs once. All that return
must print the same. A case that a collector does not survive has the time `-`.
"""

import math
import pathlib
import subprocess
import sys
import time

CASES = {
    "garbage": 20_000_000,  # structures that nothing keeps
    "trees": 300,  # trees of 8,191 structures, counted by recursion
    "fields": 100_000_000,  # reading and writing fields of two structures
    "sieve": 20_000_000,  # an array of as many numbers
    "casts": 100_000_000,  # tests of a final type and of small integers, that fit and not
    "upcasts": 30_000_000,  # casts to a type two above
    "closures": 30_000_000,  # a function out of a field, called
}


def timed(command):
    """Seconds and output; nothing of a program that fails."""
    start = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (time.monotonic() - start, done.stdout.strip()) if done.returncode == 0 else None


def main(prova, wasmtime, rounds=5):
    """Prints a row for each case, and the geometric mean of the ratios."""
    file = str(pathlib.Path(__file__).parent / "objects.wat")
    ratios = []
    print("case\tnative\tdrc\tnull\tratio to the best\tratio to drc\tinterp")
    for name, count in CASES.items():
        call = ["--invoke", name, file, str(count)]
        ways = {"native": [prova, "run", "--tier", "native", *call]}
        for collector in ("drc", "null"):
            gc = ["-W", "gc=y,function-references=y", "-C", f"collector={collector}"]
            ways[collector] = [wasmtime, "run", *gc, *call]
        least, outputs = {}, set()
        for _ in range(int(rounds)):
            for way, command in ways.items():
                found = timed(command)
                if found:
                    least[way] = min(found[0], least.get(way, found[0]))
                    outputs.add(found[1])
        interp = timed([prova, "run", "--tier", "interp", *call])
        outputs.add(interp[1])
        assert len(outputs) == 1, f"{name}: {outputs}"
        best = min(least[way] for way in ("drc", "null") if way in least)
        ratios.append(least["native"] / best)
        cells = [f"{least[way]:.3f}" if way in least else "-" for way in ways]
        row = [name, *cells, f"{ratios[-1]:.2f}", f"{least['native'] / least['drc']:.2f}"]
        print("\t".join([*row, f"{interp[0]:.2f}"]), flush=True)
    print(f"geometric mean\t{math.exp(sum(map(math.log, ratios)) / len(ratios)):.2f}")


main(*sys.argv[1:])
