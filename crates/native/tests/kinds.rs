//! Kinds of faults × sites × ways to make machine code: code of real programs with one fault in it,
//! refused by the check, or executed under the observer of `crates/certify/tests/observer`.
//!
//! ```text
//! programs ─ functions in an order of the seed ─ code ─ honest runs ─► offsets that runs reach
//!     for each kind, sites among those ─ mutant ─ check ─► refused | executed, inside or not
//! ```
//!
//! A *site* is an instruction, a row or an entry of a table of one function. Sites of a kind are
//! spread over functions: each gives a few. What honest runs do not reach is no site, so that few
//! survivors are not executed where they were changed.
//!
//! With `PROVA_SITES` it takes so many sites of each kind in each way (the README of the observer
//! says how); `PROVA_SEED` gives others (1), `PROVA_WAY` takes one way alone, `PROVA_RUNS` says how
//! many runs a survivor has (8), `PROVA_FUNCTIONS` how many functions a way looks at (3,000).
//! Without it a sample runs. What green does not show is what the observer does not see.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

#[allow(dead_code, reason = "each test uses a part")]
#[path = "../../certify/tests/observer/campaign.rs"]
mod campaign;
#[path = "../../certify/tests/mutation/mod.rs"]
mod mutation;
#[allow(dead_code, reason = "each test uses a part")]
#[path = "../../certify/tests/observer/mod.rs"]
mod observer;

use campaign::{Plan, Tally, refuses};
use mutation::{Mutant, Original};
use observer::{Stage, Subject, observe};
use prova_certify::{Draft, certify};
use prova_check::{CodeKind, Config, Layout, MemoryShape, Metering};
use prova_module::{Features, FuncIdx, Limits, Module, TypeIdx};
use prova_native::{NativeCode, Target, body};
use prova_random::Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// The ways: a name, the shape of memories, metering, signals.
const WAYS: [(&str, MemoryShape, Metering, bool); 5] = [
    ("guard", MemoryShape::GUARD, Metering { fuel: false, epoch: false }, true),
    ("explicit", MemoryShape::Explicit, Metering { fuel: false, epoch: false }, true),
    ("no-signals", MemoryShape::Explicit, Metering { fuel: false, epoch: false }, false),
    ("guard, fuel", MemoryShape::GUARD, Metering { fuel: true, epoch: false }, true),
    ("explicit, epochs", MemoryShape::Explicit, Metering { fuel: false, epoch: true }, true),
];

/// Code that a run comes to most of.
const BYTES: std::ops::Range<usize> = 40..1_500;

/// What is taken of a way.
#[derive(Clone, Copy)]
struct Quota {
    /// Sites of each kind.
    sites: usize,
    /// Sites of a kind that a function gives at most.
    of_function: usize,
    /// Functions that are looked at, at most.
    functions: usize,
    /// Runs of honest code, and of each survivor.
    honest: u64,
    runs: u64,
    seed: u64,
}

/// A program in one way.
struct Program {
    name: &'static str,
    wasm: Vec<u8>,
    module: Module,
    layout: Layout,
}

impl Program {
    fn new(name: &'static str, config: &Config) -> Program {
        let path: PathBuf =
            [env!("CARGO_MANIFEST_DIR"), "../../programs/bin", name].iter().collect();
        let wasm = std::fs::read(path).expect("a program");
        let layout = Layout::derive(&wasm, config).expect("a layout");
        let module = Module::decode(&wasm[..], &Features::default(), &Limits::default());
        Program { name, wasm, module: module.expect("a module"), layout }
    }

    /// What can be compiled of it: functions, then thunks, eight of them.
    fn items(&self) -> Vec<CodeKind> {
        let mut items: Vec<CodeKind> =
            self.module.defined_funcs().map(|func| CodeKind::Func(func.0)).collect();
        for ty in 0..self.module.types().len().min(4) as u32 {
            items.extend([CodeKind::ThunkIn(ty), CodeKind::ThunkOut(ty)]);
        }
        items
    }

    fn code(&self, target: &Target, kind: CodeKind) -> Option<NativeCode> {
        let code = match kind {
            CodeKind::Func(func) => {
                let metering = self.layout.config().metering;
                let body = body(&self.module, FuncIdx(func), metering).ok()?;
                target.compile(&self.module, &self.layout, body.body(), false)
            }
            CodeKind::ThunkIn(ty) => target.thunk_in(&self.module, TypeIdx(ty)),
            CodeKind::ThunkOut(ty) => target.thunk_out(&self.module, TypeIdx(ty)),
        };
        code.ok().filter(|code| BYTES.contains(&code.bytes.len()))
    }
}

/// What says whether a mutant is refused.
type Judge<'j> = &'j dyn Fn(&Program, &Subject<'_>, &Mutant<'_>) -> bool;

/// The mutants of a subject that are judged, by their numbers: sites among what runs reach.
fn choose(
    original: &Original<'_>,
    reached: &BTreeSet<u64>,
    (quota, left): (Quota, &mut BTreeMap<&'static str, usize>),
    rng: &mut Rng,
) -> BTreeSet<usize> {
    let mut sites: BTreeMap<(&'static str, u64), Vec<usize>> = BTreeMap::new();
    let mut number = 0;
    mutation::each(original, &mut |mutant| {
        // Entries of tables are read, not executed.
        if reached.contains(&mutant.at) || mutant.kind == "entry of a jump table" {
            sites.entry((mutant.kind, mutant.at)).or_default().push(number);
        }
        number += 1;
    });
    let mut kinds: BTreeMap<&'static str, Vec<Vec<usize>>> = BTreeMap::new();
    for ((kind, _), mutants) in sites {
        kinds.entry(kind).or_default().push(mutants);
    }
    let mut chosen = BTreeSet::new();
    for (kind, mut sites) in kinds {
        let left = left.entry(kind).or_insert(quota.sites);
        for _ in 0..quota.of_function.min(*left).min(sites.len()) {
            chosen.extend(sites.swap_remove(rng.below(sites.len())));
            *left -= 1;
        }
    }
    chosen
}

/// One way: its counts, and how many sites each kind had.
fn way(
    stage: &mut Stage,
    (way, names, quota): (usize, &[&'static str], Quota),
    judge: Judge<'_>,
) -> (Tally, BTreeMap<&'static str, usize>) {
    let (_, memory, metering, signals) = WAYS[way];
    let config = Config { memory, metering, signals, ..Config::default() };
    let target = Target::new(config.cpu).expect("a target");
    let programs: Vec<Program> = names.iter().map(|&name| Program::new(name, &config)).collect();
    let mut rng = Rng::of(quota.seed, way as u64);
    // Programs take turns, functions come in an order of the seed.
    let mut rows: Vec<Vec<CodeKind>> = programs.iter().map(Program::items).collect();
    let (mut tally, mut left) = (Tally::default(), BTreeMap::new());
    let plan = Plan { every: 1, runs: quota.runs, refused: 0 };
    for turn in 0..quota.functions {
        let n = turn % programs.len();
        let (program, items) = (&programs[n], &mut rows[n]);
        if items.is_empty() {
            continue;
        }
        let kind = items.swap_remove(rng.below(items.len()));
        let Some(code) = program.code(&target, kind) else { continue };
        let NativeCode { kind, bytes, traps, calls, .. } = &code;
        if certify(&program.layout, &Draft { kind: *kind, bytes, traps, calls }).is_err() {
            continue;
        }
        let subject = Subject {
            wasm: &program.wasm,
            memory,
            metering,
            cpu: config.cpu,
            signals,
            kind: *kind,
            bytes,
            traps,
            calls,
        };
        let mut reached = BTreeSet::new();
        let seeds = 0..quota.honest;
        let honest = observe(stage, &subject, seeds, |seen| reached.extend(&seen.executed));
        let name = format!("{} {kind:?}", program.name);
        if let Err((seed, broken)) = honest {
            panic!("{name}, seed {seed}: {broken}");
        }
        let starts: Vec<u64> = code.blocks.iter().map(|&at| at.into()).collect();
        let original = Original { bytes, traps, calls, starts: &starts };
        let chosen = choose(&original, &reached, (quota, &mut left), &mut rng);
        let mut number = 0;
        mutation::each(&original, &mut |mutant| {
            let index = number;
            number += 1;
            if chosen.contains(&index) {
                let refuses = |mutant: &Mutant<'_>| judge(program, &subject, mutant);
                let seed = rng.bits() << 8;
                tally.judge(stage, (&name, &refuses), &subject, (mutant, seed), plan);
            }
        });
        tally.functions += usize::from(!chosen.is_empty());
        if left.len() > 30 && left.values().all(|&left| left == 0) {
            break;
        }
    }
    let sites = left.into_iter().map(|(kind, left)| (kind, quota.sites - left)).collect();
    (tally, sites)
}

/// The check's verdict.
fn check(program: &Program, subject: &Subject<'_>, mutant: &Mutant<'_>) -> bool {
    refuses(&program.layout, subject, mutant)
}

/// So many sites of each kind, in each way; with the table printed.
fn campaign(quota: Quota) -> Vec<String> {
    const NAMES: [&str; 3] = ["coremark-rs-1.0.0.wasm", "lua-5.4.7.wasm", "sqlite3-3.46.1.wasm"];
    let (mut stage, mut broken) = (Stage::new(), Vec::new());
    let only = std::env::var("PROVA_WAY").ok();
    for (n, (name, ..)) in WAYS.into_iter().enumerate() {
        if only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        let (tally, sites) = way(&mut stage, (n, &NAMES, quota), &check);
        println!("{name}, seed {}\n{tally}", quota.seed);
        let full = sites.values().filter(|&&sites| sites >= quota.sites).count();
        println!("{full} of {} kinds have {} sites:\n{sites:?}", sites.len(), quota.sites);
        println!("unreached:\n{}\n", tally.unreached.join("\n"));
        broken.extend(tally.broken);
    }
    broken
}

/// A sample; with `PROVA_SITES` so many sites of each kind in each way.
#[test]
fn kinds_keep_inside() {
    let variable = |name| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    if let Some(sites) = variable("PROVA_SITES") {
        let broken = campaign(Quota {
            sites: sites as usize,
            of_function: 4,
            functions: variable("PROVA_FUNCTIONS").unwrap_or(3_000) as usize,
            honest: 24,
            runs: variable("PROVA_RUNS").unwrap_or(8),
            seed: variable("PROVA_SEED").unwrap_or(1),
        });
        assert!(broken.is_empty(), "{}", broken.join("\n"));
        return;
    }
    let quota = Quota { sites: 2, of_function: 1, functions: 16, honest: 10, runs: 4, seed: 1 };
    let mut stage = Stage::new();
    for n in 0..WAYS.len() {
        let (tally, _) = way(&mut stage, (n, &["coremark-rs-1.0.0.wasm"], quota), &check);
        assert!(tally.broken.is_empty(), "{}: {tally}", WAYS[n].0);
        let total = tally.total();
        assert!(total.refused > 10 && total.executed > 5, "{}: {tally}", WAYS[n].0);
        assert!(4 * total.unreached <= total.executed, "{}: {tally}", WAYS[n].0);
    }
}

/// What a check that lets everything of some kinds through would let through is seen.
#[test]
fn what_is_let_through_is_seen() {
    let quota = Quota { sites: 40, of_function: 8, functions: 12, honest: 10, runs: 6, seed: 1 };
    let kinds =
        ["displacement - 128", "row of a trap dropped", "store dropped", "jump one byte further"];
    let blind: Judge<'_> = &|_, _, mutant| !kinds.contains(&mutant.kind);
    let (tally, _) = way(&mut Stage::new(), (1, &["coremark-rs-1.0.0.wasm"], quota), blind);
    for kind in kinds {
        let count = tally.kinds.get(kind).expect("it has sites");
        assert!(count.broken > 0 && count.refused == 0, "{kind}: {tally}");
    }
}

/// Faults planted in the rules of the check let mutants through that the observer sees, each in
/// the way in which accesses are compared. `RUSTFLAGS='--cfg prova_plant'` compiles them in.
#[cfg(prova_plant)]
#[test]
fn planted_faults_in_the_check_are_seen() {
    use prova_check::plant::{Plant, plant};
    let quota = Quota { sites: 60, of_function: 8, functions: 90, honest: 10, runs: 24, seed: 1 };
    let kinds = ["displacement + 8", "displacement - 8", "displacement - 128", "ja becomes jae"];
    for fault in [Plant::AddressBelow, Plant::EndForgetsSize, Plant::DistanceTurned] {
        plant(fault);
        let some: Judge<'_> = &|program, subject, mutant| {
            !kinds.contains(&mutant.kind) || refuses(&program.layout, subject, mutant)
        };
        let (tally, _) = way(&mut Stage::new(), (1, &["coremark-rs-1.0.0.wasm"], quota), some);
        plant(Plant::None);
        println!("{fault:?}\n{tally}");
        assert!(!tally.broken.is_empty(), "{fault:?}: {tally}");
    }
}
