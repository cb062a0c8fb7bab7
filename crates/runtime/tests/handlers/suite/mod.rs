//! Every op of the table in every executor, on edge and random values, against the reference tier.
//!
//! ```text
//! op ─ cases ─► Unit (Wasm) ─ translate ─► Candidate ─ place ─► Candidate ─ check ─► CheckedBytecode ─┬─ Tail ──┐
//!                    │                                                                                └─ Match ─┼─ same?
//!                    └────────────────────────────── Reference ────────────────────────────────────────────────┘
//! ```
//!
//! The proof shows that the code computes, by the rows of the op table, what the Wasm says. What it cannot see is an executor
//! that does something else than the row. Here the expectation is the reference tier's, which reads neither the rows nor the bytecode: it
//! executes the Wasm operators, and shares with an executor `prova_num` and the store. So operand order, widths, extensions, immediates,
//! offsets, bounds, slots, targets and traps are independent; numeric operators are `prova_num`'s own tests' matter.
//!
//! Compared after each call: the cells of the whole frame (see `form`), or the kind, place and address of the trap; fuel;
//! memories, tables, globals.
//!
//! # Invariants
//! * H1. Each function of an op that is run in its own right has the op in its code, or is not counted.
//! * H2. Stores of all tiers have the same objects at the same addresses, so references are equal cells.
//!
//! Neighbours: `cases` (op → Wasm), `form` (shape of a function), `place` (slots), `values`, `tiers` (runs). `handlers_plants`
//! shows that faults of executors are seen.

pub(crate) mod cases;
pub(crate) mod form;
pub(crate) mod place;
pub(crate) mod tiers;
pub(crate) mod values;

use form::{Feed, Form, Param, Unit};
use place::{Layout, layouts};
use prova_bytecode::{Metering, OPS, Op, Settings};
use std::collections::{BTreeMap, BTreeSet};
use tiers::{Code, Machine, Tier};
use values::Chance;

/// How much is run.
#[derive(Clone, Debug)]
pub(crate) struct Effort {
    /// Executors that are compared with the reference tier.
    pub(crate) executors: Vec<Tier>,
    /// Metering and determinism of the runs, where the op leaves it open.
    pub(crate) settings: Vec<Settings>,
    /// Tuples of edge values of a function; all combinations where they are no more.
    pub(crate) edges_max: usize,
    /// The same for a function whose slots have been moved.
    pub(crate) placed_max: usize,
    /// Random tuples of a function.
    pub(crate) random: usize,
    /// Functions of each unit.
    pub(crate) forms_max: usize,
    /// Layouts of each function that may be moved.
    pub(crate) layouts_max: usize,
    /// Whether there are functions with the greatest slots.
    pub(crate) high: bool,
}

impl Effort {
    /// For every build.
    pub(crate) fn full() -> Effort {
        Effort {
            executors: vec![Tier::Tail, Tier::Match],
            settings: vec![PLAIN, METERED],
            edges_max: 1_500,
            placed_max: 30,
            random: 40,
            forms_max: usize::MAX,
            layouts_max: usize::MAX,
            high: true,
        }
    }

    /// Every op, a few values: for Miri, and for planted faults.
    pub(crate) fn reduced() -> Effort {
        Effort {
            executors: vec![Tier::Match],
            settings: vec![PLAIN],
            edges_max: 2,
            placed_max: 1,
            random: 1,
            forms_max: 2,
            layouts_max: 2,
            high: false,
        }
    }
}

const PLAIN: Settings = Settings { metering: Metering::None, deterministic: false };
const METERED: Settings = Settings { metering: Metering::Fuel, deterministic: true };
const POLLED: Settings = Settings { metering: Metering::Epoch, deterministic: false };

/// What was run for an op.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reach {
    /// Functions with the op in their code.
    pub(crate) funcs: usize,
    /// Of these, functions whose slots have been moved.
    pub(crate) placed: usize,
    /// Calls of these functions, in each executor.
    pub(crate) calls: usize,
    /// Of these, calls that trapped.
    pub(crate) traps: usize,
    /// Of each operand value of the op, everything that it has been.
    pub(crate) operands: Vec<BTreeSet<u64>>,
}

impl Reach {
    fn add(&mut self, other: Reach) {
        self.funcs += other.funcs;
        self.placed += other.placed;
        self.calls += other.calls;
        self.traps += other.traps;
        for (i, seen) in other.operands.into_iter().enumerate() {
            match self.operands.get_mut(i) {
                Some(set) => set.extend(seen),
                None => self.operands.push(seen),
            }
        }
    }
}

/// What a run has come to.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) ops: BTreeMap<Op, Reach>,
    /// Where an executor differs from the reference tier, or the check refuses a candidate; one line for a function.
    pub(crate) failures: Vec<String>,
}

impl Report {
    /// The sum over all ops.
    pub(crate) fn total(&self) -> Reach {
        let mut sum = Reach::default();
        for reach in self.ops.values() {
            sum.add(Reach { operands: Vec::new(), ..reach.clone() });
        }
        sum
    }
}

/// Runs the cases of all ops that `wanted` says.
pub(crate) fn run(effort: &Effort, wanted: impl Fn(Op) -> bool) -> Report {
    let mut report = Report::default();
    for &op in OPS.iter().filter(|&&op| wanted(op)) {
        let units = cases::of(op);
        if units.is_empty() {
            continue;
        }
        report.ops.insert(op, Reach::default());
        if cfg!(miri) {
            // Miri ends the process at the first fault: the last name says where.
            println!("{}", op.mnemonic());
        }
        for (n, unit) in units.iter().enumerate() {
            for settings in settings(op, effort) {
                let mut chance = Chance::new((u64::from(op.encoding()) << 8) + n as u64);
                run_unit(op, unit, settings, effort, &mut chance, &mut report);
            }
        }
    }
    report
}

/// The settings in which an op can occur.
fn settings(op: Op, effort: &Effort) -> Vec<Settings> {
    match op.mnemonic() {
        "poll" => vec![POLLED],
        "charge" => vec![METERED],
        name if name.ends_with(".canonicalize") => vec![METERED],
        _ => effort.settings.clone(),
    }
}

/// One function of a unit's module.
pub(crate) struct Func<'u> {
    pub(crate) form: &'u Form,
    /// Where the op's slots are moved to.
    pub(crate) layout: Option<Layout>,
    /// Whether the frame is as large as it can be.
    pub(crate) high: bool,
}

/// Spare cells of a frame whose slots are moved.
const PADS: usize = 24;

/// v128 locals of a frame with the greatest slots.
pub(crate) const WIDE: usize = 32_730;

fn funcs<'u>(op: Op, unit: &'u Unit, effort: &Effort) -> Vec<Func<'u>> {
    let mut funcs = Vec::new();
    for form in unit.forms.iter().take(effort.forms_max) {
        funcs.push(Func { form, layout: None, high: false });
        if !form.placed {
            continue;
        }
        let layouts = layouts(op);
        let some = layouts.len().min(effort.layouts_max);
        // A few of many: the first and the last ones, where results lie on sources.
        let (first, last) = (layouts.iter().take(some.div_ceil(2)), layouts.iter().rev());
        for layout in first.chain(last.take(some / 2)) {
            funcs.push(Func { form, layout: Some(layout.clone()), high: false });
        }
        if let Some(layout) = layouts.first().filter(|_| effort.high) {
            funcs.push(Func { form, layout: Some(layout.clone()), high: true });
        }
    }
    funcs
}

/// The text of a module with these functions, exported by their numbers.
pub(crate) fn module_text(unit: &Unit, funcs: &[Func<'_>]) -> String {
    let mut text = format!("(module {}\n", unit.head);
    for (i, func) in funcs.iter().enumerate() {
        let pads = match (&func.layout, func.high) {
            (None, _) => 0,
            (Some(_), false) => PADS,
            // What is left of the greatest frame that a translator makes.
            (Some(_), true) => 65_535 - 2 * WIDE - func.form.cells(),
        };
        text.push_str(&func.form.text(&i.to_string(), pads, func.high));
    }
    // References to the first functions of a store are values of every unit.
    text.push_str("(func) (func) (func))");
    text
}

fn run_unit(
    op: Op,
    unit: &Unit,
    settings: Settings,
    effort: &Effort,
    chance: &mut Chance,
    report: &mut Report,
) {
    let funcs = funcs(op, unit, effort);
    let code = Code::new(op, &module_text(unit, &funcs), &funcs, settings);
    let mut oracle = Machine::new(Tier::Reference, &code);
    let mut machines: Vec<Machine> =
        effort.executors.iter().map(|&tier| Machine::new(tier, &code)).collect();
    for (n, func) in funcs.iter().enumerate() {
        if let Some(refusal) = code.refusal(n) {
            report.failures.push(format!("{}: function {n}: {refusal}", op.mnemonic()));
            continue;
        }
        if !code.has_op(n) {
            continue;
        }
        let max = if func.layout.is_some() { effort.placed_max } else { effort.edges_max };
        let random = if func.layout.is_some() { effort.random / 4 } else { effort.random };
        let tuples = tuples(&func.form.params, max, random, chance);
        let mut reach = Reach { funcs: 1, ..Reach::default() };
        reach.placed = usize::from(func.layout.is_some());
        let mut run = || {
            oracle.reset();
            machines.iter_mut().for_each(Machine::reset);
            for (i, args) in tuples.iter().enumerate() {
                let budget = func.form.budgets.get(i % func.form.budgets.len().max(1)).copied();
                let expected = oracle.call(n, func.form, args, budget);
                reach.calls += 1;
                reach.traps += usize::from(expected.is_trap());
                for machine in &mut machines {
                    let seen = machine.call(n, func.form, args, budget);
                    let thorough = i % 16 == 0 || i + 1 == tuples.len();
                    let same = expected.compare(&seen, op);
                    same.and_then(|()| oracle.compare_state(machine, thorough)).map_err(
                        |what| {
                            format!("{what} in {:?} with {args:x?}, {settings:?}", machine.tier())
                        },
                    )?;
                }
            }
            Ok::<(), String>(())
        };
        if let Err(what) = run() {
            let body = &func.form.body;
            let place = func.layout.as_ref().map(|layout| format!(" {layout:?}"));
            report.failures.push(format!(
                "{}: {what}\n  {body}{}\n{}",
                op.mnemonic(),
                place.unwrap_or_default(),
                code.listing(n)
            ));
        }
        code.operands(n, op, |values| {
            reach.add(Reach {
                operands: values.iter().map(|&value| BTreeSet::from([value])).collect(),
                ..Reach::default()
            });
        });
        report.ops.entry(op).or_default().add(reach);
    }
}

/// Values for the parameters: all combinations of edges where there are no more than `max`, else as many by chance after each edge
/// has been taken once; then random ones.
fn tuples(params: &[Param], max: usize, random: usize, chance: &mut Chance) -> Vec<Vec<u128>> {
    let list = |param: &Param| match &param.feed {
        Feed::Noise => 1,
        Feed::List(list) | Feed::Only(list) => list.len(),
    };
    let all = params.iter().map(list).try_fold(1usize, |all, n| all.checked_mul(n));
    let every = all.is_some_and(|all| all <= max);
    let longest = params.iter().map(list).max().unwrap_or(1);
    let mut tuples = Vec::new();
    for i in 0..all.unwrap_or(max).min(max) {
        let mut rest = i;
        let value = |(j, param): (usize, &Param)| match &param.feed {
            Feed::Noise => chance.value(param.ty),
            Feed::List(list) | Feed::Only(list) if every => {
                let value = list[rest % list.len()];
                rest /= list.len();
                value
            }
            Feed::List(list) | Feed::Only(list) if i < longest => list[(i + j * 5) % list.len()],
            Feed::List(list) | Feed::Only(list) => chance.pick(list),
        };
        tuples.push(params.iter().enumerate().map(value).collect());
    }
    for _ in 0..random {
        let value = |param: &Param| match &param.feed {
            Feed::List(list) if chance.below(4) == 0 => chance.pick(list),
            Feed::Noise | Feed::List(_) => chance.value(param.ty),
            Feed::Only(list) => chance.pick(list),
        };
        tuples.push(params.iter().map(value).collect());
    }
    tuples
}
