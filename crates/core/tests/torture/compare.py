#!/usr/bin/env python3
"""Holds the answers of this folder against Wasmtime (`pip install wasmtime==48.0.0`).

    python3 compare.py           runs the guest in Wasmtime; ends with 1 where a difference is in no
                                 class, a class has none, or `wasmtime.txt` says something else
    python3 compare.py --bless   writes `wasmtime.txt`: the answers of Wasmtime that differ
"""

import os
import pathlib
import re
import shutil
import sys
import tempfile

import wasmtime

HERE = pathlib.Path(__file__).resolve().parent
GUEST = HERE.parents[3] / "programs/wasi/torture.wasm"
PARTS = ["paths", "opens", "fds", "misc"]
SINGLE = ["pointers", "values"]


class Peer:
    def __init__(self):
        self.engine = wasmtime.Engine()
        self.module = wasmtime.Module.from_file(self.engine, str(GUEST))
        self.linker = wasmtime.Linker(self.engine)
        self.linker.define_wasi()

    def run(self, part):
        """What the guest prints, and how it ends where it does not return."""
        base = pathlib.Path(tempfile.mkdtemp(dir="/dev/shm" if os.path.isdir("/dev/shm") else None))
        try:
            (base / "root/ro").mkdir(parents=True)
            (base / "out").mkdir()
            (base / "root/abs").symlink_to("/etc")
            (base / "stdin").write_text("i" * 100)
            config = wasmtime.WasiConfig()
            config.argv, config.env = ["torture", part], [("K", "v")]
            config.stdin_file = str(base / "stdin")
            config.stdout_file, config.stderr_file = str(base / "stdout"), str(base / "stderr")
            config.preopen_dir(str(base / "root"), "/")
            config.preopen_dir(str(base / "root/ro"), "ro", False)
            store = wasmtime.Store(self.engine)
            store.set_wasi(config)
            end = ""
            try:
                self.linker.instantiate(store, self.module).exports(store)["_start"](store)
            except wasmtime.ExitTrap as exit:
                end = f"exit({exit.code})\n"
            except (wasmtime.WasmtimeError, wasmtime.Trap):
                end = "error\n"
            return (base / "stdout").read_text(errors="replace") + end
        finally:
            shutil.rmtree(base)

    def single(self, part):
        text = f"{part} |"
        for n in range(1000):
            answer = self.run(f"{part[0]}{n}").strip()
            if answer == "end":
                return text
            text += " " + answer
        sys.exit(f"{part} has no end")


def cells(text):
    """Row and key → answer."""
    found = {}
    for line in text.splitlines():
        row, bar, rest = line.partition(" | ")
        for cell in rest.split(" ") if bar else []:
            key, equals, answer = cell.rpartition("=")
            if equals:
                found[row, key] = answer
    return found


def classes():
    """Name, patterns of row, key and both answers."""
    for line in (HERE / "classes.tsv").read_text().splitlines():
        if line and not line.startswith("#"):
            name, row, key, ours, theirs, _reason = line.split("\t")
            yield name, [re.compile(pattern) for pattern in (row, key, ours, theirs)]


def class_of(case, known):
    """The number of the first line of `classes.tsv` that fits."""
    for n, (_, patterns) in enumerate(known):
        if all(pattern.fullmatch(text) for pattern, text in zip(patterns, case)):
            return n
    return None


def main():
    peer = Peer()
    known = list(classes())
    differs, total, unlisted, used = {}, 0, [], set()
    for part in PARTS + SINGLE:
        ours = cells((HERE / f"{part}.txt").read_text())
        theirs = cells(peer.run(part) if part in PARTS else peer.single(part))
        total += len(ours)
        for row, key in sorted(ours.keys() | theirs.keys()):
            case = (row, key, ours.get((row, key), "none"), theirs.get((row, key), "none"))
            if case[2] == case[3]:
                continue
            line = class_of(case, known)
            name = "unlisted" if line is None else known[line][0]
            if line is None:
                unlisted.append(case)
            used.add(line)
            differs.setdefault(name, {}).setdefault(row, []).append(f"{key}={case[3]}")
    lines = []
    for name, rows in sorted(differs.items()):
        lines += [f"{name}: {row} | {' '.join(found)}" for row, found in rows.items()]
    text = "\n".join(lines) + "\n"
    for case in unlisted:
        print("in no class: {} | {}: {}, Wasmtime {}".format(*case))
    unused = [known[n] for n in range(len(known)) if n not in used]
    for name, patterns in unused:
        print(f"nothing differs so: {name}", *(pattern.pattern for pattern in patterns))
    for name, rows in sorted(differs.items()):
        print(f"{sum(map(len, rows.values())):5} {name}")
    count = sum(len(found) for rows in differs.values() for found in rows.values())
    print(f"{total} answers, {count} differ")
    if "--bless" in sys.argv:
        (HERE / "wasmtime.txt").write_text(text)
    stale = (HERE / "wasmtime.txt").read_text() != text
    if stale:
        print("wasmtime.txt says something else")
    sys.exit(1 if unlisted or unused or stale else 0)


if __name__ == "__main__":
    main()
