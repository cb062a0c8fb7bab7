//! Mutants of programs' functions in one way to make machine code: which sites, and what becomes of
//! them.

use crate::mutation::{self, Mutant, Original};
use crate::observer::campaign::{Plan, Tally, honest, refuses};
use crate::observer::{Stage, Subject};
use prova_certify::{Draft, certify};
use prova_check::{Bases, CodeKind, Config, Layout, MemoryShape, Metering};
use prova_module::{Features, FuncIdx, Limits, Module, TypeIdx};
use prova_native::{NativeCode, Target, body};
use prova_random::Rng;
use prova_ssa::entered::enter;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

const UNMETERED: Metering = Metering { fuel: false, epoch: false };
const FUEL: Metering = Metering { fuel: true, epoch: false };
const EPOCHS: Metering = Metering { fuel: false, epoch: true };

/// The ways: a name, the shape of memories, metering, signals, bases. The number of a way is part
/// of its seed: new ones come last.
pub(crate) const WAYS: [(&str, MemoryShape, Metering, bool, Bases); 8] = [
    ("guard", MemoryShape::GUARD, UNMETERED, true, Bases::Fixed),
    ("explicit", MemoryShape::Explicit, UNMETERED, true, Bases::Fixed),
    ("no-signals", MemoryShape::Explicit, UNMETERED, false, Bases::Fixed),
    ("guard, fuel", MemoryShape::GUARD, FUEL, true, Bases::Fixed),
    ("explicit, epochs", MemoryShape::Explicit, EPOCHS, true, Bases::Fixed),
    ("masked", MemoryShape::Masked, UNMETERED, true, Bases::Fixed),
    ("moving", MemoryShape::GUARD, UNMETERED, true, Bases::MayMove),
    ("adrift", MemoryShape::Masked, UNMETERED, true, Bases::MayMove),
];

/// Code that a run comes to most of.
const BYTES: std::ops::Range<usize> = 40..1_500;

/// The sizes of a campaign on one way.
#[derive(Clone, Copy)]
pub(crate) struct Quota {
    /// Sites of each kind.
    pub(crate) sites: usize,
    /// Sites of a kind that a function gives at most.
    pub(crate) of_function: usize,
    /// Functions that are looked at, at most.
    pub(crate) functions: usize,
    /// Runs of honest code, and of each survivor.
    pub(crate) honest: u64,
    pub(crate) runs: u64,
    pub(crate) seed: u64,
    /// The part, and the number of parts: each takes its share of the sites, in functions that no
    /// other part has.
    pub(crate) part: (usize, usize),
}

impl Quota {
    /// Sites of each kind in this part.
    pub(crate) fn of_part(&self) -> usize {
        self.sites.div_ceil(self.part.1)
    }
}

/// Functions of programs in turns, those of each in an order of the seed: what this part has.
fn order(rows: Vec<Vec<CodeKind>>, quota: Quota, rng: &mut Rng) -> Vec<(usize, CodeKind)> {
    let mut rows = rows;
    let mut order = Vec::new();
    while rows.iter().any(|items| !items.is_empty()) {
        for (n, items) in rows.iter_mut().enumerate().filter(|(_, items)| !items.is_empty()) {
            order.push((n, items.swap_remove(rng.below(items.len()))));
        }
    }
    let (part, parts) = quota.part;
    order.into_iter().skip(part).step_by(parts).take(quota.functions).collect()
}

/// A program in one way.
pub(crate) struct Program {
    name: &'static str,
    wasm: Vec<u8>,
    module: Module,
    pub(crate) layout: Layout,
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

    /// The items that can be compiled: functions, then up to eight thunks.
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
            CodeKind::Loop { func, offset } => {
                let Metering { fuel, epoch } = self.layout.config().metering;
                let metering = prova_ssa::Metering { fuel, epoch };
                let entered = enter(&self.module, FuncIdx(func), offset, metering).ok()?;
                target.compile_round(&self.module, &self.layout, &entered, false)
            }
            CodeKind::ThunkIn(ty) => target.thunk_in(&self.module, TypeIdx(ty)),
            CodeKind::ThunkOut(ty) => target.thunk_out(&self.module, TypeIdx(ty)),
            CodeKind::Way(_) => unreachable!("ways are the code of other runtimes"),
        };
        code.ok().filter(|code| BYTES.contains(&code.bytes.len()))
    }
}

/// The test whether a mutant is refused.
pub(crate) type Judge<'j> = &'j dyn Fn(&Program, &Subject<'_>, &Mutant<'_>) -> bool;

/// The mutants of a subject that are judged, by their numbers: sites among what runs reach.
fn choose(
    original: &Original<'_>,
    reached: &BTreeMap<u64, u64>,
    (quota, left): (Quota, &mut BTreeMap<&'static str, usize>),
    rng: &mut Rng,
) -> BTreeSet<usize> {
    let mut sites: BTreeMap<(&'static str, u64), Vec<usize>> = BTreeMap::new();
    let mut number = 0;
    mutation::each(original, &mut |mutant| {
        if reached.contains_key(&mutant.at) {
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
        let left = left.entry(kind).or_insert(quota.of_part());
        for _ in 0..quota.of_function.min(*left).min(sites.len()) {
            chosen.extend(sites.swap_remove(rng.below(sites.len())));
            *left -= 1;
        }
    }
    chosen
}

/// One way: its counts, and how many sites each kind had.
pub(crate) fn way(
    stage: &mut Stage,
    (way, names, quota): (usize, &[&'static str], Quota),
    judge: Judge<'_>,
) -> (Tally, BTreeMap<&'static str, usize>) {
    let (_, memory, metering, signals, bases) = WAYS[way];
    let config = Config { memory, metering, signals, bases, ..Config::default() };
    let target = Target::new(config.cpu).expect("a target");
    let programs: Vec<Program> = names.iter().map(|&name| Program::new(name, &config)).collect();
    let mut rng = Rng::of(quota.seed, way as u64);
    let order = order(programs.iter().map(Program::items).collect(), quota, &mut rng);
    let (mut tally, mut left) = (Tally::default(), BTreeMap::new());
    let plan = Plan { every: 1, runs: quota.runs, refused: 0 };
    for (n, kind) in order {
        let program = &programs[n];
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
            bases,
            kind: *kind,
            bytes,
            traps,
            calls,
        };
        let name = format!("{} {kind:?}", program.name);
        let reached = honest(stage, &subject, quota.honest);
        let reached = reached.unwrap_or_else(|broken| panic!("{name}, {broken}"));
        let starts: Vec<u64> = code.blocks.iter().map(|&at| at.into()).collect();
        let original = Original { bytes, traps, calls, starts: &starts };
        let chosen = choose(&original, &reached, (quota, &mut left), &mut rng);
        let mut number = 0;
        mutation::each(&original, &mut |mutant| {
            let index = number;
            number += 1;
            if chosen.contains(&index) {
                let refuses = |mutant: &Mutant<'_>| judge(program, &subject, mutant);
                let (first, seed) = (reached.get(&mutant.at).copied(), rng.bits() << 8);
                tally.judge(stage, (&name, &refuses), &subject, (mutant, first, seed), plan);
            }
        });
        tally.functions += usize::from(!chosen.is_empty());
        if left.len() > 30 && left.values().all(|&left| left == 0) {
            break;
        }
    }
    let sites: BTreeMap<&'static str, usize> =
        left.into_iter().map(|(kind, left)| (kind, quota.of_part() - left)).collect();
    tally.sites = sites.values().sum();
    (tally, sites)
}

/// The check's verdict.
pub(crate) fn check(program: &Program, subject: &Subject<'_>, mutant: &Mutant<'_>) -> bool {
    refuses(&program.layout, subject, mutant)
}
