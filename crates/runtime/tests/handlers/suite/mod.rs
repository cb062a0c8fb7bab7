//! Every op of the table in every executor, on edge and random values, against the reference tier.
//!
//! ```text
//! op ─ cases ─► Unit (Wasm) ─ translate ─► Candidate ─ place ─► Candidate ─ check ─► CheckedBytecode ─┬─ Tail ──┐
//!                    │                                                                                └─ Match ─┼─ same?
//!                    └────────────────────────────── Reference ────────────────────────────────────────────────┘
//! ```
//!
//! The proof shows that the code computes, by the rows of the op table, what the Wasm says. It
//! cannot see an executor that differs from the row. Here the expectation is the reference tier's,
//! which reads neither the rows nor the bytecode: it executes the Wasm operators, and shares with
//! an executor `prova_num` and the store. So operand order, widths, extensions, immediates,
//! offsets, bounds, slots, targets and traps are independent; numeric operators are `prova_num`'s
//! own tests' matter.
//!
//! Compared after each call: the cells of the whole frame (see `form`), or the kind, place and
//! address of the trap; fuel; memories, tables, globals.
//!
//! # Invariants
//! * H1. Each function of an op that is run in its own right has the op in its code, or is not
//!   counted.
//! * H2. Stores of all tiers have the same objects at the same addresses, so references are equal
//!   cells.
//!
//! `handlers_plants` shows that faults of executors are seen.

pub(crate) mod cases;
pub(crate) mod form;
pub(crate) mod place;
pub(crate) mod tiers;
pub(crate) mod values;

use form::{Feed, Form, Param, Unit};
use place::{Layout, layouts};
use prova_bytecode::{Marks, Metering, OPS, Op, Settings};
use prova_runtime::{Dispatch, ExecutorKind};
use std::collections::{BTreeMap, BTreeSet};
use tiers::{Code, Machine, reference};
use values::Chance;

/// How much is run.
#[derive(Clone, Debug)]
pub(crate) struct Effort {
    /// Executors that are compared with the reference tier.
    pub(crate) executors: Vec<Dispatch>,
    /// Metering and determinism of the runs, where the op leaves it open.
    pub(crate) settings: Vec<Settings>,
    /// Tuples of edge values of a function; all combinations where they are no more.
    pub(crate) edges_max: usize,
    /// The same for a function whose slots have been moved.
    pub(crate) placed_max: usize,
    /// Random tuples of a function.
    pub(crate) random: usize,
    /// Units of each op.
    pub(crate) units_max: usize,
    /// Functions of each unit that does not call.
    pub(crate) forms_max: usize,
    /// Layouts of each function that may be moved.
    pub(crate) layouts_max: usize,
    /// Whether there are functions with the greatest slots.
    pub(crate) high: bool,
    /// Whether functions have guards.
    pub(crate) guards: bool,
    /// Functions of a module: where they are more than one, several ops share it.
    pub(crate) module_max: usize,
    /// Forms that are made one function.
    pub(crate) merge_max: usize,
}

impl Effort {
    /// For every build.
    pub(crate) fn full() -> Effort {
        Effort {
            executors: Dispatch::ALL.to_vec(),
            settings: vec![PLAIN, METERED],
            edges_max: 1_500,
            placed_max: 30,
            random: 40,
            units_max: usize::MAX,
            forms_max: usize::MAX,
            layouts_max: usize::MAX,
            high: true,
            guards: true,
            module_max: 1,
            merge_max: 1,
        }
    }

    /// Every op, a few values: for Miri, in which decoding, translating and checking a module takes
    /// seconds.
    pub(crate) fn reduced() -> Effort {
        Effort {
            executors: vec![Dispatch::Match],
            settings: vec![PLAIN],
            edges_max: 3,
            placed_max: 0,
            random: 1,
            units_max: 1,
            forms_max: 1,
            layouts_max: 0,
            high: false,
            guards: false,
            module_max: 32,
            merge_max: 8,
        }
    }
}

const PLAIN: Settings = Settings { metering: Metering::None, deterministic: false };
const METERED: Settings = Settings { metering: Metering::Fuel, deterministic: true };
const POLLED: Settings = Settings { metering: Metering::Epoch, deterministic: false };

/// The runs for an op.
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

/// The outcome of a run.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) ops: BTreeMap<Op, Reach>,
    /// Where an executor differs from the reference tier, or the check refuses a candidate; one
    /// line for a function.
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
    let units: Vec<(Op, Vec<Unit>)> =
        OPS.iter().filter(|&&op| wanted(op)).map(|&op| (op, cases::of(op))).collect();
    // Functions of one module, by what surrounds them and by their settings.
    let mut open: Vec<(&str, Settings, Vec<Func>)> = Vec::new();
    for (op, units) in &units {
        if !units.is_empty() {
            report.ops.insert(*op, Reach::default());
        }
        for unit in units.iter().take(effort.units_max) {
            for settings in settings(*op, effort) {
                let same =
                    |(head, of, _): &(&str, Settings, _)| *head == unit.head && *of == settings;
                let at = open.iter().position(same).unwrap_or_else(|| {
                    open.push((&unit.head, settings, Vec::new()));
                    open.len() - 1
                });
                open[at].2.extend(funcs(*op, unit, effort));
                if open[at].2.len() >= effort.module_max {
                    let (head, settings, funcs) = open.remove(at);
                    run_module(head, settings, funcs, effort, &mut report);
                }
            }
        }
    }
    for (head, settings, funcs) in open {
        run_module(head, settings, funcs, effort, &mut report);
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

/// One function of a module.
pub(crate) struct Func {
    /// The ops that it is about.
    pub(crate) ops: Vec<Op>,
    pub(crate) form: Form,
    /// Where the op's slots are moved to.
    pub(crate) layout: Option<Layout>,
    /// Whether the frame is as large as it can be.
    pub(crate) high: bool,
}

/// Spare cells of a frame whose slots are moved.
const PADS: usize = 28;

/// v128 locals of a frame with the greatest slots.
pub(crate) const WIDE: usize = 32_730;

fn funcs(op: Op, unit: &Unit, effort: &Effort) -> Vec<Func> {
    let mut funcs = Vec::new();
    // Where functions are called each form is about something else.
    let calls = unit.head.contains("(func");
    let max = if calls { usize::MAX } else { effort.forms_max };
    for form in unit.forms.iter().take(max) {
        let form = if effort.guards { form.clone() } else { form.without_guards() };
        let mut push = |layout: Option<&Layout>, high: bool| {
            funcs.push(Func { ops: vec![op], form: form.clone(), layout: layout.cloned(), high });
        };
        push(None, false);
        if !form.placed {
            continue;
        }
        let layouts = layouts(op);
        layouts.iter().take(effort.layouts_max).for_each(|layout| push(Some(layout), false));
        if let Some(layout) = layouts.first().filter(|_| effort.high) {
            push(Some(layout), true);
        }
    }
    funcs
}

/// The functions with as many of them made one as the effort says.
fn merged(funcs: Vec<Func>, effort: &Effort) -> Vec<Func> {
    if effort.merge_max == 1 {
        return funcs;
    }
    let (some, mut all): (Vec<Func>, Vec<Func>) =
        funcs.into_iter().partition(|func| func.form.merges());
    for chunk in some.chunks(effort.merge_max) {
        let forms: Vec<&Form> = chunk.iter().map(|func| &func.form).collect();
        let ops = chunk.iter().flat_map(|func| func.ops.clone()).collect();
        all.push(Func { ops, form: Form::merge(&forms), layout: None, high: false });
    }
    all
}

/// The text of a module with these functions, exported by their numbers.
fn module_text(head: &str, funcs: &[Func]) -> String {
    let mut text = format!("(module {head}\n");
    for (i, func) in funcs.iter().enumerate() {
        let pads = match (&func.layout, func.high) {
            (None, _) => 0,
            (Some(_), false) => PADS,
            // The cells left of the greatest frame that a translator makes.
            (Some(_), true) => 65_535 - 2 * WIDE - func.form.cells(),
        };
        text.push_str(&func.form.text(&i.to_string(), pads, func.high));
    }
    // References to the first functions of a store are values of every unit.
    text.push_str("(func) (func) (func))");
    text
}

fn run_module(
    head: &str,
    settings: Settings,
    funcs: Vec<Func>,
    effort: &Effort,
    report: &mut Report,
) {
    let funcs = merged(funcs, effort);
    let code = Code::new(&module_text(head, &funcs), &funcs, settings);
    let mut oracle = Machine::new(reference(), &code);
    let executor = |&dispatch: &_| Machine::new(ExecutorKind::Interpreter(dispatch), &code);
    let mut machines: Vec<Machine> = effort.executors.iter().map(executor).collect();
    for (n, func) in funcs.iter().enumerate() {
        let names: Vec<&str> = func.ops.iter().map(|op| op.mnemonic()).collect();
        let names = names.join(", ");
        if cfg!(miri) {
            // Miri ends the process at the first fault: the last line says where.
            println!("{names}");
        }
        if let Some(refusal) = code.refusal(n) {
            report.failures.push(format!("{names}: function {n}: {refusal}"));
            continue;
        }
        let mut reach = Reach { funcs: 1, ..Reach::default() };
        reach.placed = usize::from(func.layout.is_some());
        let there: Vec<Op> = func.ops.iter().copied().filter(|&op| code.has_op(n, op)).collect();
        if there.is_empty() {
            continue;
        }
        if let Err(what) = run_func(n, func, effort, &mut oracle, &mut machines, &mut reach) {
            let place = func.layout.as_ref().map(|layout| format!(" {layout:?}"));
            report.failures.push(format!(
                "{names}: {what}, {settings:?}\n  {}{}\n{}",
                func.form.body,
                place.unwrap_or_default(),
                code.listing(n)
            ));
        }
        for op in there {
            let mut reach = reach.clone();
            code.operands(n, op, |values| {
                reach.add(Reach {
                    operands: values.iter().map(|&value| BTreeSet::from([value])).collect(),
                    ..Reach::default()
                });
            });
            report.ops.entry(op).or_default().add(reach);
        }
    }
}

/// All calls of one function, in all tiers side by side.
fn run_func(
    n: usize,
    func: &Func,
    effort: &Effort,
    oracle: &mut Machine,
    machines: &mut [Machine],
    reach: &mut Reach,
) -> Result<(), String> {
    let Func { ops, form, layout, .. } = func;
    let max = if layout.is_some() { effort.placed_max } else { effort.edges_max };
    let random = if layout.is_some() { effort.random / 4 } else { effort.random };
    let mut chance = Chance::new((u64::from(ops[0].encoding(Marks::NONE)) << 16) + n as u64);
    let tuples = tuples(&form.params, max, random, &mut chance);
    oracle.reset();
    machines.iter_mut().for_each(Machine::reset);
    for (i, args) in tuples.iter().enumerate() {
        let budget = form.budgets.get(i % form.budgets.len().max(1)).copied();
        let expected = oracle.call(n, form, args, budget);
        reach.calls += 1;
        reach.traps += usize::from(expected.is_trap());
        for machine in &mut *machines {
            let seen = machine.call(n, form, args, budget);
            let thorough = i % 16 == 0 || i + 1 == tuples.len();
            let same = expected.compare(&seen, ops);
            same.and_then(|()| oracle.compare_state(machine, thorough))
                .map_err(|what| format!("{what} in {} with {args:x?}", machine.executor()))?;
        }
    }
    if ops.len() > 1 && reach.traps == reach.calls {
        return Err("every call of a merged function traps, so ops of it never ran".to_owned());
    }
    Ok(())
}

/// Values for the parameters: all combinations of edges where there are no more than `max`; else
/// each edge once (or as many as `max` says, from all over the list), and the rest by chance; then
/// random ones.
fn tuples(params: &[Param], max: usize, random: usize, chance: &mut Chance) -> Vec<Vec<u128>> {
    let list = |param: &Param| match &param.feed {
        Feed::Noise => 1,
        Feed::List(list) | Feed::Only(list) => list.len(),
    };
    let all = params.iter().map(list).try_fold(1usize, |all, n| all.checked_mul(n));
    let every = all.is_some_and(|all| all <= max);
    let longest = params.iter().map(list).max().unwrap_or(1);
    let step = (longest / max.max(1)).max(1);
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
            Feed::List(list) | Feed::Only(list) if i < longest => {
                list[(i * step + j * 5) % list.len()]
            }
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
