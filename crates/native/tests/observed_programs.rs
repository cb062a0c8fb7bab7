//! Functions of real programs, and mutants of them that the check accepts, under the observer of
//! `crates/certify/tests/observer`: honest code breaks no rule, and survivors keep inside.
//!
//! The programs' functions are entered with anything that their types allow, in stores at random;
//! so what they do there is not what the programs do, and a run sees its first instructions only.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

#[path = "../../certify/tests/mutation/mod.rs"]
mod mutation;
#[allow(dead_code, reason = "each test uses a part")]
#[path = "../../certify/tests/observer/mod.rs"]
mod observer;

use observer::campaign::{Plan, Tally};
use observer::{Stage, Subject, observe};
use prova_certify::{Draft, certify};
use prova_check::{Bases, Config, Layout, MemoryShape, Metering};
use prova_module::{Features, Limits, Module, TypeIdx};
use prova_native::{NativeCode, Target, body};
use std::path::PathBuf;

/// The part of a program that is observed.
#[derive(Clone, Copy)]
struct Part {
    program: &'static str,
    memory: MemoryShape,
    metering: Metering,
    bases: Bases,
    /// Functions, spread evenly over those of the program, and types whose ways in and out are
    /// observed.
    functions: usize,
    thunks: usize,
    /// Runs of honest code.
    runs: u64,
    plan: Plan,
}

/// Code of a program: small enough that a run comes to most of it.
fn code(part: Part, module: &Module, layout: &Layout) -> Vec<NativeCode> {
    const BYTES: std::ops::Range<usize> = 60..1_200;
    let target = Target::new(layout.config().cpu).expect("a target");
    let funcs: Vec<_> = module.defined_funcs().collect();
    let step = (funcs.len() / (3 * part.functions)).max(1);
    let compiled = funcs.iter().step_by(step).filter_map(|&func| {
        let body = body(module, func, layout.config().metering).ok()?;
        target.compile(module, layout, body.body(), false).ok()
    });
    let fits = |code: &NativeCode| BYTES.contains(&code.bytes.len());
    let mut all: Vec<NativeCode> = compiled.filter(fits).take(part.functions).collect();
    for ty in (0..module.types().len().min(part.thunks)).map(|ty| TypeIdx(ty as u32)) {
        all.extend(target.thunk_in(module, ty));
        all.extend(target.thunk_out(module, ty));
    }
    all
}

fn watch(stage: &mut Stage, part: Part, tally: &mut Tally) {
    let path: PathBuf =
        [env!("CARGO_MANIFEST_DIR"), "../../programs/bin", part.program].iter().collect();
    let wasm = std::fs::read(path).expect("a program");
    let Part { memory, metering, bases, .. } = part;
    let config = Config { memory, metering, bases, ..Config::default() };
    let layout = Layout::derive(&wasm, &config).expect("a layout");
    let module = Module::decode(&wasm[..], &Features::default(), &Limits::default());
    let module = module.expect("a module");
    for code in code(part, &module, &layout) {
        let NativeCode { kind, bytes, traps, calls, .. } = &code;
        let draft = Draft { kind: *kind, bytes, traps, calls };
        if certify(&layout, &draft).is_err() {
            continue;
        }
        let subject = Subject {
            wasm: &wasm,
            memory: part.memory,
            metering: config.metering,
            cpu: config.cpu,
            signals: config.signals,
            bases: config.bases,
            kind: *kind,
            bytes,
            traps,
            calls,
        };
        let name = format!("{} {kind:?}", part.program);
        if let Err((seed, broken)) = observe(stage, &subject, 0..part.runs, |_| {}) {
            panic!("{name}, seed {seed}: {broken}");
        }
        let starts: Vec<u64> = code.blocks.iter().map(|&at| at.into()).collect();
        tally.mutants(stage, (&name, &layout), (&subject, &starts), part.plan);
    }
}

/// A sample of one program.
fn sample(stage: &mut Stage) -> Tally {
    let mut tally = Tally::default();
    for (memory, bases) in [
        (MemoryShape::GUARD, Bases::Fixed),
        (MemoryShape::Explicit, Bases::Fixed),
        (MemoryShape::Masked, Bases::Fixed),
        (MemoryShape::GUARD, Bases::MayMove),
    ] {
        let plan = Plan { every: 12, runs: 4, refused: 0 };
        let (program, metering) = ("coremark-rs-1.0.0.wasm", Metering::default());
        let part =
            Part { program, memory, metering, bases, functions: 6, thunks: 2, runs: 10, plan };
        watch(stage, part, &mut tally);
    }
    tally
}

/// Observes `functions` functions of each of three programs, in each shape, with fuel, and with
/// bases that move.
fn whole(stage: &mut Stage, functions: usize, plan: Plan) -> Tally {
    let metered = Metering { fuel: true, epoch: false };
    let mut last = Tally::default();
    for (memory, metering, bases) in [
        (MemoryShape::GUARD, Metering::default(), Bases::Fixed),
        (MemoryShape::Explicit, Metering::default(), Bases::Fixed),
        (MemoryShape::GUARD, metered, Bases::Fixed),
        (MemoryShape::Masked, Metering::default(), Bases::Fixed),
        (MemoryShape::GUARD, Metering::default(), Bases::MayMove),
        (MemoryShape::Masked, Metering::default(), Bases::MayMove),
    ] {
        let mut tally = Tally::default();
        for program in ["coremark-rs-1.0.0.wasm", "lua-5.4.7.wasm", "sqlite3-3.46.1.wasm"] {
            let part =
                Part { program, memory, metering, bases, functions, thunks: 8, runs: 40, plan };
            watch(stage, part, &mut tally);
        }
        println!("{memory:?}, {metering:?}, {bases:?}\n{tally}");
        tally.broken.extend(last.broken);
        last = tally;
    }
    last
}

/// A sample; with `PROVA_FUNCTIONS` that number of functions of each of three programs, in six
/// configurations, all mutants at one of `PROVA_EVERY` instructions (8), `PROVA_RUNS` runs of each
/// survivor (12).
#[test]
fn programs_keep_inside() {
    let variable = |name| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let mut stage = Stage::new();
    let tally = match variable("PROVA_FUNCTIONS") {
        Some(functions) => {
            let every = variable("PROVA_EVERY").unwrap_or(8) as usize;
            let plan = Plan { every, runs: variable("PROVA_RUNS").unwrap_or(12), refused: 0 };
            whole(&mut stage, functions as usize, plan)
        }
        None => sample(&mut stage),
    };
    assert!(tally.broken.is_empty(), "{tally}");
    assert!(tally.total().executed > 10, "{tally}");
}
