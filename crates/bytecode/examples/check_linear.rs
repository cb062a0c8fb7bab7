//! Measures that the check is linear:
//! `cargo run --release -p prova-bytecode --example check_linear` prints, for shapes of functions
//! that grow, hostile ones among them, what the check takes per unit of its input, and how that
//! changes from the smallest to the greatest size.
//!
//! A unit is a byte of the body, a word of the code, or a cell that a branch carries. Times are
//! processor time of the thread, the best of some passes. Nothing is asserted: a shape whose last
//! column grows like its size is not linear.

use prova_bytecode::{Candidate, CheckedBytecode, Settings};
use prova_module::{Features, Limits, Module};
use prova_translate::Translator;
use rustix::time::{ClockId, clock_gettime};
use std::fmt::Write;
use std::time::Duration;

/// A family of functions: name, sizes from the smallest to the greatest, and for a size the
/// function's type and body, and how many cells its branches carry.
struct Shape {
    name: &'static str,
    sizes: [usize; 4],
    make: fn(usize) -> (String, u64),
}

/// The text, repeated `n` times.
fn times(n: usize, text: &str) -> String {
    text.repeat(n)
}

const SHAPES: &[Shape] = &[
    Shape { name: "straight line", sizes: [500, 2_000, 8_000, 32_000], make: straight },
    Shape { name: "many functions", sizes: [500, 2_000, 8_000, 32_000], make: functions },
    Shape { name: "nested blocks", sizes: [100, 400, 1_600, 6_400], make: nested },
    Shape { name: "loops one after another", sizes: [500, 2_000, 8_000, 32_000], make: loops },
    Shape { name: "ifs in ifs that write", sizes: [50, 200, 800, 3_200], make: ifs },
    Shape { name: "locals × labels", sizes: [100, 400, 1_600, 6_400], make: locals },
    Shape { name: "a high stack × blocks", sizes: [100, 400, 1_600, 6_400], make: stack },
    Shape { name: "calls under a high stack", sizes: [100, 400, 1_600, 6_400], make: calls },
    Shape { name: "br_if × arity", sizes: [8, 32, 128, 512], make: arity },
    Shape { name: "br_table × entries", sizes: [100, 400, 1_600, 6_400], make: table },
    Shape { name: "br_table × labels", sizes: [16, 64, 256, 1_024], make: labels },
    Shape { name: "distinct constants", sizes: [500, 2_000, 8_000, 32_000], make: constants },
];

fn straight(n: usize) -> (String, u64) {
    let step = "local.get 0 local.get 1 i32.add i32.load offset=4 local.set 0\n";
    (format!("(func (param i32 i32) {})", times(n, step)), 0)
}

fn functions(n: usize) -> (String, u64) {
    (times(n, "(func (param i32) (result i32) local.get 0 i32.const 1 i32.add)\n"), 0)
}

fn nested(n: usize) -> (String, u64) {
    let body = format!("{} nop {}", times(n, "block local.get 0 br_if 0\n"), times(n, "end\n"));
    (format!("(func (param i32) {body})"), 0)
}

fn loops(n: usize) -> (String, u64) {
    let step = "loop local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0 end\n";
    (format!("(func (param i32) {})", times(n, step)), 0)
}

fn ifs(n: usize) -> (String, u64) {
    let open =
        "local.get 0 if local.get 1 i32.const 1 i32.add local.set 1 local.get 1 local.set 0\n";
    let body = format!("{}{}", times(n, open), times(n, "else i32.const 7 local.set 1 end\n"));
    (format!("(func (param i32 i32) {body})"), 0)
}

fn locals(n: usize) -> (String, u64) {
    let mut body = times(n, "block local.get 0 br_if 0 end\n");
    (1..n).for_each(|x| _ = writeln!(body, "local.get {x} local.set 0"));
    (format!("(func (param i32) (local {}) {body})", times(n, "i32 ")), 0)
}

fn stack(n: usize) -> (String, u64) {
    let push = times(n, "local.get 0 i32.clz\n");
    let body = times(n, "block local.get 0 br_if 0 end local.get 0 i32.ctz drop\n");
    (format!("(func (param i32) {push}{body}{})", times(n, "drop ")), 0)
}

fn calls(n: usize) -> (String, u64) {
    let push = times(n, "local.get 0 i32.clz call 0\n");
    let body = times(n, "local.get 0 call 0 drop\n");
    (format!("(func (param i32) (result i32) {push}{body}{} local.get 0)", times(n, "drop ")), 0)
}

fn arity(n: usize) -> (String, u64) {
    let values = times(n, "local.get 0 i32.clz\n");
    let results = times(n, "i32 ");
    let branches = times(n, "local.get 0 br_if 0\n");
    let body = format!("block (result {results}) {values}{branches} end {}", times(n, "drop "));
    (format!("(func (param i32) {body})"), (n * n) as u64)
}

fn table(n: usize) -> (String, u64) {
    let body = format!("block block local.get 0 br_table {} end end", times(n, "0 1 "));
    (format!("(func (param i32) {body})"), 0)
}

fn labels(n: usize) -> (String, u64) {
    let targets: String = (0..n).map(|i| format!("{i} ")).collect();
    let table = format!("local.get 0 br_table {targets}");
    (format!("(func (param i32) {} {table} {})", times(n, "block "), times(n, "end ")), 0)
}

fn constants(n: usize) -> (String, u64) {
    let mut body = String::new();
    for i in 0..n {
        writeln!(body, "local.get 0 i64.const {} i64.xor local.set 0", (i as i64) << 40 | 1).ok();
    }
    (format!("(func (param i64) {body})"), 0)
}

fn now() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Units of a shape, and the least processor time of its check.
fn measure(text: &str, carried: u64) -> (u64, Duration) {
    let bytes = wat::parse_str(format!("(module (memory 1) {text})")).expect("a module");
    let module = Module::decode(bytes, &Features::default(), &Limits::default());
    let module = module.expect("a valid module");
    let mut translator = Translator::new();
    let candidates: Vec<Candidate> = module
        .defined_funcs()
        .map(|func| translator.translate(&module, func, &Settings::default()).expect("translates"))
        .collect();
    let body = |func| module.body(func).map_or(0, |body| body.bytes().len());
    let bytes: usize = module.defined_funcs().map(body).sum();
    let words: usize = candidates.iter().map(|candidate| candidate.words.len()).sum();
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let candidates = candidates.clone();
        let mut checked = Vec::with_capacity(candidates.len());
        let start = now();
        for candidate in candidates {
            checked.push(CheckedBytecode::check(&module, &Settings::default(), candidate));
        }
        best = best.min(now() - start);
        assert!(checked.iter().all(Result::is_ok), "honest code is accepted");
    }
    ((bytes + words) as u64 + carried, best)
}

fn main() {
    println!("{:28} {:>40}   greatest / smallest", "shape", "ns per unit, by size");
    for shape in SHAPES {
        let rates = shape.sizes.map(|size| {
            let (text, carried) = (shape.make)(size);
            let (units, time) = measure(&text, carried);
            time.as_nanos() as f64 / units as f64
        });
        let columns = rates.map(|rate| format!("{rate:10.2}")).concat();
        println!("{:28} {columns}   {:.2}", shape.name, rates[3] / rates[0]);
    }
}
