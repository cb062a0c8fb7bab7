#!/usr/bin/env python3
"""Machine code of Prova against Wasmtime: does the library answer what `prova-testing native-cases` wrote?

    pip install wasmtime==48.0.0
    cargo build --release -p prova-testing
    target/release/prova-testing native-cases --generator smith --count 10000 --seed 1 | benches/answers_of_wasmtime.py
    target/release/prova-testing native-cases --generator biased --count 10000 --seed 1 | benches/answers_of_wasmtime.py
    target/release/prova-testing native-cases --generator objects --count 10000 --seed 1 | benches/answers_of_wasmtime.py

Results and globals of numbers are compared by bits, traps by their message, memories by their length and
SHA-256 (`crates/testing/src/agree/outside.rs` has the lines, and what is not compared). NaN bits are fixed on both
sides. A difference says that one of the two is wrong, not which; its case is kept as a file. Exit code 0 if there
is none. `--plant N` changes a bit of what is expected of every N-th call, so that each of them has to be seen.
"""
import argparse, hashlib, os, sys, tempfile
import wasmtime

# What Prova says, and what else Wasmtime may say of it.
SAME = {
    "uninitialized element": ["uninitialized element", "null reference"],
    "unhandled exception": ["exception"],
    # Of an access that is both, Wasmtime sometimes says that it is beyond the memory.
    "unaligned atomic": ["unaligned", "out of bounds memory access"],
    "null reference": ["null reference", "uninitialized element"],
    # The heaps have different sizes, and Wasmtime pays for all elements before it refuses them.
    "GC heap out of memory": ["GC heap out of memory", "allocation size too large"],
    "allocation size too large": ["allocation size too large", "GC heap out of memory", "all fuel consumed"],
}

# What Wasmtime says of an object for which its heap, which is the smaller one, has no room.
NO_ROOM = "no capacity for allocation"


def engine():
    config = wasmtime.Config()
    for name in ("multi_memory", "memory64", "tail_call", "exceptions", "function_references", "gc", "threads",
                 "wide_arithmetic", "custom_page_sizes", "simd", "relaxed_simd", "relaxed_simd_deterministic",
                 "multi_value", "bulk_memory", "reference_types"):
        setattr(config, "wasm_" + name, True)
    config.cranelift_nan_canonicalization = True
    config.parallel_compilation = False
    # Only so that what ought to end does.
    config.consume_fuel = True
    return wasmtime.Engine(config)


class Case:
    """A case in a store of its own."""

    def __init__(self, engine, host, module, driver):
        self.store = wasmtime.Store(engine)
        # The limits of Prova's runs.
        self.store.set_limits(memory_size=1 << 20, table_elements=10_000)
        self.linker = wasmtime.Linker(engine)
        self.fuel()
        self.linker.define_module(self.store, *host)
        self.linker.define_module(self.store, "case", module)
        self.driver = self.linker.instantiate(self.store, driver).exports(self.store)

    def fuel(self):
        self.store.set_fuel(1 << 32)

    def thrown(self):
        """Whether an exception left the last call; takes it."""
        context = self.store._context()
        if not FFI.wasmtime_context_has_exception(context):
            return False
        found = FFI.wasmtime_exnref_t()
        FFI.wasmtime_context_take_exception(context, found)
        return True

    def call(self, name, count):
        """How a call of the driver ends: what is in its memory behind it, or what the trap says."""
        self.fuel()
        try:
            self.driver[name](self.store)
        except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
            return ("thrown", "") if self.thrown() else ("trapped", message(error))
        return "returned", bytes(self.driver["out"].read(self.store, 0, count)).hex()

    def memory(self, name):
        memory = self.linker.get(self.store, "case", name)
        content = bytes(memory.read(self.store, 0, memory.data_len(self.store)))
        return [str(len(content)), hashlib.sha256(content).hexdigest()]


FFI = wasmtime._ffi


def message(error):
    return getattr(error, "message", None) or str(error)


def agrees(expected, found):
    """Whether two ends of a call are the same."""
    if expected[0] != "trapped" or found[0] != "trapped":
        return expected == found
    return any(text in found[1] for text in SAME.get(expected[1], [expected[1]]))


class Judge:
    def __init__(self, plant):
        self.engine, self.plant = engine(), plant
        self.host = self.case = self.failed = None
        self.counts = dict.fromkeys(("cases", "refused", "returned", "trapped", "thrown", "globals", "memories",
                                     "without room"), 0)
        self.planted, self.differences = 0, []

    def differs(self, what, expected, found):
        self.differences.append((self.number, what, expected, found))

    def start(self, number, module, driver):
        self.number, self.bytes, self.case = number, bytes.fromhex(module), None
        self.counts["cases"] += 1
        try:
            module = wasmtime.Module(self.engine, self.bytes)
            driver = wasmtime.Module(self.engine, bytes.fromhex(driver))
        except wasmtime.WasmtimeError as error:
            # A module that one engine takes and the other does not is no difference of machine code.
            self.counts["refused"] += 1
            self.told = None
            print(f"case {number} is refused: {message(error)}", file=sys.stderr)
            return
        try:
            self.case, self.failed = Case(self.engine, self.host, module, driver), None
        except (wasmtime.Trap, wasmtime.WasmtimeError) as error:
            self.case, self.failed = None, message(error)
            # Told where the lines say whether it should.
            self.told = False

    def line(self, kind, words):
        if kind == "host":
            self.host = (words[0], wasmtime.Module(self.engine, bytes.fromhex(words[1])))
        elif kind == "case":
            self.failed, self.told = None, True
            self.start(*words)
        elif kind == "differs":
            self.number, self.bytes, self.case = words[0], bytes.fromhex(words[1]), None
            if not self.plant:
                self.differs("tiers of Prova", "the same", words[2])
        elif kind == "start" and self.told is None:
            pass
        elif kind == "start":
            self.told = True
            said = ("trapped", words[0])
            if self.case is not None or self.failed is None or not agrees(said, ("trapped", self.failed)):
                self.differs("start", words[0], self.failed or "no trap")
            self.case = None
        elif self.failed is not None and not self.told:
            self.told = True
            if NO_ROOM in self.failed:
                self.counts["without room"] += 1
            else:
                self.differs("start", "no trap", self.failed)
        if self.case is None or kind not in ("call", "globals", "memory"):
            return
        if kind == "call":
            expected = (words[1], words[2])
            self.counts[words[1]] += 1
            total = self.counts["returned"]
            if self.plant and words[1] == "returned" and words[2] and total % self.plant == 0:
                self.planted += 1
                expected = (words[1], f"{int(words[2][:2], 16) ^ 1:02x}" + words[2][2:])
            found = self.case.call("c" + words[0], len(words[2]) // 2 if words[1] == "returned" else 0)
            if agrees(expected, found):
                return
            if NO_ROOM in found[1]:
                # What the case does from here on is another story.
                self.counts["without room"] += 1
                self.case = None
            else:
                self.differs(f"call {words[0]}", expected, found)
        elif kind == "globals":
            self.counts["globals"] += len(words[0]) // 2
            found = self.case.call("globals", len(words[0]) // 2)
            if found != ("returned", words[0]):
                self.differs("globals", words[0], found)
        else:
            self.counts["memories"] += 1
            found = self.case.memory(bytes.fromhex(words[0]).decode())
            if found != words[1:]:
                self.differs("memory", words[1:], found)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--plant", type=int, default=0, help="change what is expected of every N-th call")
    options = options.parse_args()
    judge = Judge(options.plant)
    ended = False
    for text in sys.stdin:
        kind, *words = text.rstrip("\n").split("\t")
        ended = kind == "end"
        known = len(judge.differences)
        judge.line(kind, words)
        for number, what, expected, found in judge.differences[known:]:
            if not options.plant:
                path = os.path.join(tempfile.gettempdir(), f"prova-case-{number}.wasm")
                with open(path, "wb") as file:
                    file.write(judge.bytes)
                print(f"case {number}, {what}: expected {expected}, Wasmtime {found}; {path}", flush=True)
    print(", ".join(f"{count} {name}" for name, count in judge.counts.items()))
    if options.plant:
        print(f"{judge.planted} planted, {len(judge.differences)} seen")
        return 0 if judge.planted == len(judge.differences) > 0 else 1
    print(f"{len(judge.differences)} differences")
    return 0 if ended and not judge.differences else 1


sys.exit(main())
