//! Two versions of a function → whether both do the same on every run, decided without looking at
//! the Wasm.
//!
//! A *visible* instruction is one that has an effect, may trap, or chooses where control goes. The
//! walk goes over pairs of visible instructions, one of each version, that are executed at the same
//! time, from one pair to the next; in between it executes what is pure on *terms* that both
//! versions share. At a pair stands a partition of all cells of both frames into classes of equal
//! values; where several paths come together it is the intersection of theirs (Kildall 1973; a
//! bisimulation in the end). The versions are equal if at each pair both instructions are the same
//! on equal terms, belong to the same operator where a backtrace would show it, and lead to pairs
//! again.
//!
//! `class` asks with more and more [`Rules`]. Nothing is shared with the check, on which this is a
//! second opinion: the check compares code with Wasm and fixes the relation at labels, here code is
//! compared with code and the relation is found.
//!
//! # Invariants
//! * P1. Cells in one class hold the same value whenever both versions are at the pair.
//! * P2. A partition only gets finer, so the walk ends.
//!
//! Limits: effects are compared by position, memory is not modelled; loops with nothing visible in
//! them are given up. Worst case: pairs × cells of both frames, each as often as its partition gets
//! finer.
//!
//! Fault: `tests` has a wrong twin for each rule; and every survivor that is called equal has been
//! run, too.

use super::forms;
use super::listing::{Item, Listing, Places, accumulator, operand_values};
use super::parts::{Parts, before_jump, parts};
use super::terms::{Pure, Term, Terms};
use prova_bytecode::{Candidate, Class, Handler, Kind, Op, RegClass, Role};
use prova_module::{FuncIdx, FuncType, Module, TagIdx, cells_of};
use std::collections::BTreeMap;

/// The rules of the comparison, besides that a computation on equal operands has equal results.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rules {
    /// A copy has the value of its source.
    pub(super) copies: bool,
    /// Constants have their bits for any instruction that makes them, and locals that are no
    /// parameters are zero at the entry.
    pub(super) constants: bool,
    /// `a + b = b + a` and its like on integers; `a > b` is `b < a`, `a ≥ b` is `b ≤ a`.
    pub(super) commute: bool,
    /// A `select` between equal values is that value.
    pub(super) select: bool,
    /// An op with an immediate is the op on a constant, `x = 0` is `eqz x`, and `x − c` is
    /// `x + (−c)` on integers.
    pub(super) forms: bool,
}

impl Rules {
    /// Sorts operands that commute.
    fn order(self, op: Op, args: &mut [Term]) {
        if self.commute && commutes(op) {
            args.sort_unstable();
        }
    }
}

/// Whether both versions of a function do the same.
pub(super) fn equal(module: &Module, a: &Candidate, b: &Candidate, rules: Rules) -> bool {
    let sides = || Some([Side::new(a)?, Side::new(b)?]);
    let Some(sides) = sides() else { return false };
    product(module, &sides, rules).is_some()
}

/// A version.
struct Side {
    listing: Listing,
    func: FuncIdx,
    /// With the accumulators, which stand behind the slots, and one cell more.
    frame_cells: usize,
    /// The first of them.
    accumulators: usize,
}

impl Side {
    fn new(candidate: &Candidate) -> Option<Side> {
        let (func, accumulators) = (candidate.func, candidate.frame_cells as usize);
        let mut listing = Listing::new(candidate)?;
        for item in &mut listing.items {
            for (i, kind) in operand_values(item.op) {
                let class = RegClass::ALL
                    .into_iter()
                    .find(|&class| kind.cells() > 0 && item.values[i] == accumulator(class));
                if let Some(class) = class {
                    item.values[i] = (accumulators + class as usize) as u64;
                }
            }
        }
        let frame_cells = accumulators + RegClass::ALL.len() + 1;
        Some(Side { listing, func, frame_cells, accumulators })
    }

    /// The parts of the instruction at `place`; the cell that is held in between is the last one.
    fn parts(&self, place: usize) -> Parts {
        parts(&self.listing.items[place], self.frame_cells - 1)
    }

    /// The clauses that are asked for what the instruction at `place` throws, up to one that
    /// catches all.
    fn clauses(&self, place: usize) -> Vec<&(Handler, Places)> {
        let mut clauses = Vec::new();
        for clause in &self.listing.handlers {
            if clause.1.start <= place && place < clause.1.end {
                clauses.push(clause);
                if clause.0.tag.is_none() {
                    break;
                }
            }
        }
        clauses
    }
}

/// A visible instruction of each version.
type Pair = [usize; 2];

/// The cells of both frames, those of the first version first: P1.
#[derive(Clone, PartialEq, Eq)]
struct Partition {
    classes: Vec<u32>,
    /// The facts about classes.
    known: BTreeMap<u32, Known>,
}

#[derive(Clone, PartialEq, Eq)]
enum Known {
    /// Their bits.
    Constant(u64),
    /// Their computation from other classes.
    Computed(Pure),
}

impl Partition {
    fn of(terms: &Terms, cells: &[Vec<Term>; 2]) -> Partition {
        let mut names = BTreeMap::new();
        let name = |&term: &Term| {
            let next = names.len() as u32;
            *names.entry(term).or_insert(next)
        };
        let classes = cells.iter().flatten().map(name).collect();
        let mut known = BTreeMap::new();
        for (&term, &class) in &names {
            if let Some(bits) = terms.bits(term) {
                known.insert(class, Known::Constant(bits));
            } else if let Some(pure) = terms.computation(term) {
                let args = pure.args.iter().map(|arg| names.get(arg).copied());
                if let Some(args) = args.collect() {
                    known.insert(class, Known::Computed(Pure { args, ..pure.clone() }));
                }
            }
        }
        Partition { classes, known }
    }

    /// The facts that hold in both.
    fn meet(&self, other: &Partition) -> Partition {
        let mut names = BTreeMap::new();
        let name = |(&a, &b): (&u32, &u32)| {
            let next = names.len() as u32;
            *names.entry((a, b)).or_insert(next)
        };
        let classes = self.classes.iter().zip(&other.classes).map(name).collect();
        let mut known = BTreeMap::new();
        for (&(a, b), &class) in &names {
            match (self.known.get(&a), other.known.get(&b)) {
                (Some(Known::Constant(a)), Some(Known::Constant(b))) if a == b => {
                    known.insert(class, Known::Constant(*a));
                }
                (Some(Known::Computed(a)), Some(Known::Computed(b)))
                    if (a.op, &a.immediates, a.part) == (b.op, &b.immediates, b.part) =>
                {
                    let both = a.args.iter().zip(&b.args);
                    let args = both.map(|(&a, &b)| names.get(&(a, b)).copied());
                    if let Some(args) = args.collect() {
                        known.insert(class, Known::Computed(Pure { args, ..a.clone() }));
                    }
                }
                _ => {}
            }
        }
        Partition { classes, known }
    }

    /// The term of a class; of one that is computed from itself, nothing is said.
    fn term(
        &self,
        class: u32,
        terms: &mut Terms,
        made: &mut BTreeMap<u32, Term>,
        rules: Rules,
    ) -> Term {
        if let Some(&term) = made.get(&class) {
            return term;
        }
        let opaque = terms.opaque();
        made.insert(class, opaque);
        let term = match self.known.get(&class) {
            None => opaque,
            Some(Known::Constant(bits)) => terms.constant(*bits),
            Some(Known::Computed(pure)) => {
                let args = pure.args.iter().map(|&arg| self.term(arg, terms, made, rules));
                let mut args: Vec<Term> = args.collect();
                rules.order(pure.op, &mut args);
                terms.pure(Pure { args, ..pure.clone() })
            }
        };
        made.insert(class, term);
        term
    }
}

/// Walks over all pairs; `None` where the versions differ or nothing can be said.
fn product(module: &Module, sides: &[Side; 2], rules: Rules) -> Option<()> {
    let mut stretch = Stretch::at_entry(module, sides, rules);
    let mut waiting = BTreeMap::new();
    let mut known: BTreeMap<Pair, Partition> = BTreeMap::new();
    let (pair, partition) = stretch.reach([0, 0])?;
    waiting.insert(pair, partition);
    while let Some((pair, arriving)) = waiting.pop_first() {
        let partition = match known.get(&pair) {
            None => arriving,
            Some(old) => {
                let met = old.meet(&arriving);
                if met == *old {
                    continue;
                }
                met
            }
        };
        known.insert(pair, partition.clone());
        for (pair, partition) in Stretch::after(module, sides, rules, &partition).step(pair)? {
            let partition = match waiting.get(&pair) {
                Some(other) => other.meet(&partition),
                None => partition,
            };
            waiting.insert(pair, partition);
        }
    }
    Some(())
}

/// The computation or effect of an instruction.
#[derive(PartialEq, Eq)]
struct Computed {
    op: Op,
    immediates: Vec<u64>,
    args: Vec<Term>,
}

/// From a pair to the next ones.
struct Stretch<'s> {
    module: &'s Module,
    sides: &'s [Side; 2],
    rules: Rules,
    terms: Terms,
    cells: [Vec<Term>; 2],
}

impl<'s> Stretch<'s> {
    fn at_entry(module: &'s Module, sides: &'s [Side; 2], rules: Rules) -> Stretch<'s> {
        let mut terms = Terms::default();
        let facts = module.facts(sides[0].func);
        let (params, locals) =
            facts.map_or((0, 0), |f| (f.param_cells as usize, f.local_cells as usize));
        let shared: Vec<Term> = (0..locals)
            .map(|slot| match rules.constants && slot >= params {
                true => terms.constant(0),
                false => terms.opaque(),
            })
            .collect();
        let cells = sides.each_ref().map(|side| {
            let more = side.frame_cells.saturating_sub(locals);
            shared.iter().copied().chain((0..more).map(|_| terms.opaque())).collect()
        });
        Stretch { module, sides, rules, terms, cells }
    }

    fn after(
        module: &'s Module,
        sides: &'s [Side; 2],
        rules: Rules,
        partition: &Partition,
    ) -> Stretch<'s> {
        let mut terms = Terms::default();
        let mut made = BTreeMap::new();
        let mut term = |class: &u32| partition.term(*class, &mut terms, &mut made, rules);
        let (a, b) = partition.classes.split_at(sides[0].frame_cells);
        let cells = [a.iter().map(&mut term).collect(), b.iter().map(&mut term).collect()];
        Stretch { module, sides, rules, terms, cells }
    }

    /// Executes what is not visible from a place of each version on.
    fn reach(&mut self, from: [usize; 2]) -> Option<(Pair, Partition)> {
        let pair = [self.run(0, from[0])?, self.run(1, from[1])?];
        Some((pair, Partition::of(&self.terms, &self.cells)))
    }

    /// The same on a copy of the frames.
    fn fork(&mut self, to: [usize; 2], out: &mut Vec<(Pair, Partition)>) -> Option<()> {
        let before = self.cells.clone();
        out.push(self.reach(to)?);
        self.cells = before;
        Some(())
    }

    fn run(&mut self, side: usize, mut at: usize) -> Option<usize> {
        let items = &self.sides[side].listing.items;
        for _ in 0..=2 * items.len() {
            let item = items.get(at)?;
            let class = item.op.class();
            if class == Class::br {
                at = item.values[0] as usize;
            } else if let Some((value, to)) = before_jump(item) {
                self.pure(side, &value)?;
                at = to;
            } else if matches!(class, Class::pure | Class::pure2) {
                self.pure(side, item)?;
                at += 1;
            } else {
                return Some(at);
            }
        }
        None
    }

    fn pure(&mut self, side: usize, item: &Item) -> Option<()> {
        self.pure_to(side, item, results(item, self.sides[side].accumulators))
    }

    /// Executes what is not visible; the parts of its result go to these cells.
    fn pure_to(&mut self, side: usize, item: &Item, results: Vec<(usize, usize)>) -> Option<()> {
        let Computed { op, mut immediates, args } = self.computed(side, item)?;
        let Rules { copies, constants, select, .. } = self.rules;
        let is_constant = matches!(op, Op::Const32 | Op::Const64S32 | Op::Const64 | Op::Const128);
        let values = if copies
            && matches!(op, Op::Copy | Op::CopyF32 | Op::CopyF64 | Op::Copy2 | Op::CopyV128)
        {
            Some(args.clone())
        } else if constants && is_constant {
            Some(immediates.drain(..).map(|bits| self.terms.constant(bits)).collect())
        } else if select && matches!(op, Op::Select | Op::SelectV128) {
            let (arms, _) = args.split_at(args.len() - 1);
            let (first, second) = arms.split_at(arms.len() / 2);
            (first == second).then(|| first.to_vec())
        } else {
            None
        };
        for (part, slot) in results {
            let term = match &values {
                Some(values) => *values.get(part)?,
                None => {
                    let (immediates, args) = (immediates.clone(), args.clone());
                    self.terms.pure(Pure { op, immediates, args, part: part as u32 })
                }
            };
            *self.cells[side].get_mut(slot)? = term;
        }
        Some(())
    }

    /// The computation or effect of an instruction, in a form that is the same for all instructions
    /// that are equal by the rules.
    fn computed(&mut self, side: usize, item: &Item) -> Option<Computed> {
        let slots = slots(item, Role::Source).into_iter();
        let mut args: Vec<Term> =
            slots.map(|slot| self.cells[side].get(slot).copied()).collect::<Option<_>>()?;
        let (mut op, mut immediates) = (item.op, immediates(item));
        if self.rules.forms
            && let Some((base, before, constant)) = forms::base(op, &immediates)
        {
            args.insert(before, self.terms.constant(constant));
            (op, immediates) = (base, Vec::new());
        }
        if self.rules.forms
            && let [_, right] = &mut args[..]
            && let Some(constant) = self.terms.bits(*right)
            && let Some((sum, negated)) = forms::sum(op, constant)
        {
            *right = self.terms.constant(negated);
            op = sum;
        }
        if self.rules.forms {
            op = forms::of_cells(op);
        }
        if self.rules.commute
            && let Some(mirrored) = forms::mirrored(op)
            && args.len() == 2
        {
            args.reverse();
            op = mirrored;
        }
        self.rules.order(op, &mut args);
        Some(Computed { op, immediates, args })
    }

    /// Both instructions of a pair, and where they lead; `None` if they differ.
    fn step(mut self, pair: Pair) -> Option<Vec<(Pair, Partition)>> {
        let whole = [0, 1].map(|side| self.sides[side].parts(pair[side]));
        for (side, parts) in whole.iter().enumerate() {
            if let Some(before) = &parts.before {
                self.pure_to(
                    side,
                    before,
                    slots(before, Role::Result).into_iter().enumerate().collect(),
                )?;
            }
        }
        let [a, b] = whole.each_ref().map(|parts| &parts.main);
        let offsets = [0, 1].map(|side| self.sides[side].listing.offset(pair[side]));
        let done = self.computed(0, a)?;
        let same = a.op.class() == b.op.class()
            && (!is_shown(a.op.class()) || offsets[0] == offsets[1])
            && done == self.computed(1, b)?;
        if !same {
            return None;
        }
        let mut next = Vec::new();
        let class = a.op.class();
        if let Some(ty) = self.window(a)? {
            let (params, results) = (cells_of(&ty.params) as usize, cells_of(&ty.results) as usize);
            let windows = [a.values[0] as usize, b.values[0] as usize];
            self.same_cells(windows, params)?;
            if !class.is_terminator() {
                // The callee's frame begins at the window.
                for (cells, window) in self.cells.iter_mut().zip(windows) {
                    cells.iter_mut().skip(window).for_each(|cell| *cell = self.terms.opaque());
                }
            }
            self.throws(class, pair, &mut next)?;
            if !class.is_terminator() {
                self.write_equal(windows, results)?;
            }
        } else {
            self.throws(class, pair, &mut next)?;
        }
        if class == Class::return_ {
            let results = self.module.func_type(self.sides[0].func).results.as_ref();
            self.same_cells([0, 0], cells_of(results) as usize)?;
        }
        self.written(done, [a, b])?;
        for (side, parts) in whole.iter().enumerate() {
            if let Some(after) = &parts.after {
                self.pure(side, after)?;
            }
        }
        for to in targets(a).into_iter().zip(targets(b)) {
            self.fork([to.0, to.1], &mut next)?;
        }
        if a.table.len() != b.table.len() {
            return None;
        }
        if !class.is_terminator() {
            self.fork([pair[0] + 1, pair[1] + 1], &mut next)?;
        }
        Some(next)
    }

    /// Writes the results of a pair. An op that may trap and does not has computed its result.
    fn written(&mut self, done: Computed, [a, b]: [&Item; 2]) -> Option<()> {
        let computes = a.op.class() == Class::trap;
        let Computed { op, immediates, args } = done;
        let to = [0, 1].map(|side| results([a, b][side], self.sides[side].accumulators));
        if matches!(a.op.class(), Class::effect | Class::effect0) {
            for (cells, side) in self.cells.iter_mut().zip(self.sides) {
                cells.iter_mut().skip(side.accumulators).for_each(|it| *it = self.terms.opaque());
            }
        }
        let parts = to.iter().flatten().map(|&(part, _)| part + 1).max().unwrap_or(0);
        for part in 0..parts {
            let term = if computes {
                let (immediates, args) = (immediates.clone(), args.clone());
                self.terms.pure(Pure { op, immediates, args, part: part as u32 })
            } else {
                self.terms.opaque()
            };
            for (cells, to) in self.cells.iter_mut().zip(&to) {
                for &(_, cell) in to.iter().filter(|&&(of, _)| of == part) {
                    *cells.get_mut(cell)? = term;
                }
            }
        }
        Some(())
    }

    /// The type of what lies in an instruction's window; `Some(None)` if it has no window.
    fn window(&self, item: &Item) -> Option<Option<FuncType>> {
        use Class::{call, call_import, return_call, return_call_import};
        use Class::{call_indirect, call_ref, return_call_indirect, return_call_ref};
        let class = item.op.class();
        let ty = if matches!(class, call | call_import | return_call | return_call_import) {
            self.module.func_type(FuncIdx(u32::try_from(item.values[1]).ok()?)).clone()
        } else if class == Class::throw {
            self.module.tag(TagIdx(item.values[1] as u32))?.clone()
        } else if matches!(class, call_indirect | return_call_indirect | call_ref | return_call_ref)
        {
            self.module.types().get(item.values[2] as usize)?.clone()
        } else {
            return Some(None);
        };
        Some(Some(ty))
    }

    /// Whether as many cells from a slot of each version on are equal.
    fn same_cells(&self, from: [usize; 2], count: usize) -> Option<()> {
        let cells = |side: usize| self.cells[side].get(from[side]..from[side] + count);
        (cells(0)? == cells(1)?).then_some(())
    }

    /// Writes new values, the same in both versions.
    fn write_equal(&mut self, to: [usize; 2], count: usize) -> Option<()> {
        for i in 0..count {
            let term = self.terms.opaque();
            for (cells, to) in self.cells.iter_mut().zip(to) {
                *cells.get_mut(to + i)? = term;
            }
        }
        Some(())
    }

    /// The clauses that an exception of this pair goes to.
    fn throws(&mut self, class: Class, pair: Pair, out: &mut Vec<(Pair, Partition)>) -> Option<()> {
        use Class::{call, call_import, call_indirect, call_ref, throw, throw_ref};
        if !matches!(class, call | call_import | call_indirect | call_ref | throw | throw_ref) {
            return Some(());
        }
        let sides = self.sides;
        let (a, b) = (sides[0].clauses(pair[0]), sides[1].clauses(pair[1]));
        if a.len() != b.len() {
            return None;
        }
        for ((a, at_a), (b, at_b)) in a.into_iter().zip(b) {
            if (a.tag, a.with_ref) != (b.tag, b.with_ref) {
                return None;
            }
            let values = match a.tag {
                Some(tag) => cells_of(&self.module.tag(tag)?.params) as usize,
                None => 0,
            };
            match (at_a.target, at_b.target) {
                (None, None) => {}
                (Some(to_a), Some(to_b)) => {
                    let before = self.cells.clone();
                    let slots = [usize::from(a.slot), usize::from(b.slot)];
                    self.write_equal(slots, values + usize::from(a.with_ref))?;
                    out.push(self.reach([to_a, to_b])?);
                    self.cells = before;
                }
                (None, Some(_)) | (Some(_), None) => return None,
            }
        }
        Some(())
    }
}

/// Whether a backtrace may name the operator of an instruction of this class: it may trap, call or
/// throw.
fn is_shown(class: Class) -> bool {
    match class {
        Class::trap
        | Class::load
        | Class::load_idx
        | Class::store
        | Class::load_far
        | Class::store_far
        | Class::effect
        | Class::effect0
        | Class::atomic_load
        | Class::atomic_store
        | Class::atomic_rmw
        | Class::atomic_cmpxchg
        | Class::unreachable
        | Class::call
        | Class::call_import
        | Class::call_indirect
        | Class::call_ref
        | Class::return_call
        | Class::return_call_import
        | Class::return_call_indirect
        | Class::return_call_ref
        | Class::throw
        | Class::throw_ref
        | Class::charge
        | Class::poll
        | Class::heat
        | Class::stub_attach
        | Class::stub_host => true,
        Class::pure
        | Class::pure2
        | Class::branch
        | Class::pure_branch
        | Class::pure_br
        | Class::quick
        | Class::quick0
        | Class::br
        | Class::br_table
        | Class::return_
        | Class::return1
        | Class::return2 => false,
    }
}

/// The slots that an instruction names in a role, cell by cell.
fn slots(item: &Item, role: Role) -> Vec<usize> {
    operand_values(item.op)
        .zip(item.op.operands())
        .filter(|(_, operand)| operand.role == role && operand.kind.cells() > 0)
        .flat_map(|((i, kind), _)| {
            let slot = item.values[i] as usize;
            slot..slot + usize::from(kind.cells())
        })
        .collect()
}

/// The cells that an instruction writes, each with the part of its results that it gets.
fn results(item: &Item, accumulators: usize) -> Vec<(usize, usize)> {
    let mut cells: Vec<_> = slots(item, Role::Result).into_iter().enumerate().collect();
    let class = item.op.info().accumulators.result;
    cells.extend(class.map(|class| (0, accumulators + class as usize)));
    cells
}

/// The operand values of an instruction other than slots, windows and places.
fn immediates(item: &Item) -> Vec<u64> {
    operand_values(item.op)
        .filter(|(_, k)| k.cells() == 0 && !matches!(k, Kind::rel | Kind::win | Kind::count))
        .flat_map(|(i, kind)| {
            let values = if kind == Kind::v128c { 2 } else { 1 };
            item.values[i..i + values].iter().copied()
        })
        .collect()
}

/// The places that an instruction may branch to, in order.
fn targets(item: &Item) -> Vec<usize> {
    let rel = operand_values(item.op).filter(|(_, kind)| *kind == Kind::rel);
    rel.map(|(i, _)| item.values[i] as usize).chain(item.table.iter().copied()).collect()
}

/// Whether an op computes the same on exchanged operands.
fn commutes(op: Op) -> bool {
    let mnemonic = op.mnemonic();
    let mnemonic = mnemonic.strip_prefix("br_").unwrap_or(mnemonic);
    let commuting = ["add", "mul", "and", "or", "xor", "eq", "ne", "and_not"];
    let integer = mnemonic.split_once('.').filter(|(ty, _)| matches!(*ty, "i32" | "i64"));
    let slots = op.operands().iter().filter(|o| o.role == Role::Source && o.kind.cells() == 1);
    integer.is_some_and(|(_, name)| commuting.contains(&name)) && slots.count() == 2
}
