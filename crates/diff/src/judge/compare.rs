//! A pair of functions → its verdict, with the evidence.
//!
//! The cheap and certain comparisons come first: `lockstep`, then `cfg` with `exec`, then `edit`.
//!
//! Proof of each verdict of a function, in order of trial; the fallback is `changed`:
//!
//! 1. `identical`, `renumbered`: `lockstep` found each operator equal under the partners of
//!    functions, globals and types and one renaming of locals. No number differs, except slots that
//!    a call through the table uses.
//! 2. `moved`: as 1, and each number that differs is an address by an access in A (`uses`) that
//!    moved exactly as the bytes there did (`shift`, `one_to_one`).
//! 3. `layout-only`: the control-flow graphs are equal (`cfg`, invariants 1 to 3) with numbers as
//!    in 2, *and* no execution on random inputs differed, which would show a fault of that proof.
//!    Where a function cannot be executed alone, the evidence says so.
//! 4. `assumed-moved`: as 2 or 3, with at least one number that nothing shows to be, or not to be,
//!    an address or a slot.

use crate::judge::assumption::{Sort, Taken};
use crate::judge::cfg::{Graph, Isomorphic, isomorphic};
use crate::judge::edit::{Edit, edit};
use crate::judge::exec::{Agreement, Worlds, agree};
use crate::judge::extract::Obstacle;
use crate::judge::lengths::Length;
use crate::judge::lockstep::{Same, lockstep};
use crate::judge::texts::Texts;
use crate::judge::types::{Follows, follows};
use crate::judge::verdict::Verdict;
use crate::numbers::Numbers;
use crate::numbers::uses::Role;
use crate::pair::paired::Paired;
use crate::pair::profile::{Profile, grams};
use crate::pair::side::Side;
use crate::pair::token::{Tok, Tokens};
use prova_module::FuncIdx;
use std::collections::HashSet;
use std::sync::OnceLock;

/// The finding for a pair of functions.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) verdict: Verdict,
    pub(crate) change: Change,
    /// The fact that refuted a proof.
    pub(crate) refuted: Option<Refuted>,
    /// A loose pair of addresses that is assumed to be one thing.
    pub(crate) apart: Option<(u64, u64)>,
    /// As in [`Same`].
    pub(crate) loose: Vec<(u64, u64, u64)>,
    /// Numbers that changed as slots of a table did.
    pub(crate) slots: u32,
    /// The assumptions, and the addresses that are shown to have moved.
    pub(crate) taken: Vec<Taken>,
    pub(crate) shown: Vec<(u64, u64)>,
}

/// How two functions differ.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// Operator by operator they are the same.
    Same(Box<Same>),
    /// Their graphs are equal.
    Layout(Box<Layout>),
    Signature(Edit),
    /// Types that they name changed, and nothing else.
    Types(Follows),
    /// Nothing explains it.
    Other(Edit, Option<Stayed>),
    /// A callee's body stands in place of calls, or the other way round.
    Inlined(Edit, Inlined),
}

/// Equal graphs, and the result of running both functions.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) found: Isomorphic,
    pub(crate) runs: Result<Agreement, Obstacle>,
    pub(crate) edit: Edit,
}

/// A callee that is inlined on one side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inlined {
    /// By A's index, or by B's if A has the body.
    pub(crate) callee: u32,
    /// Whether A has the body.
    pub(crate) into_a: bool,
}

/// Why a proof does not hold that was found.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Refuted {
    /// Equal graphs, and the execution of this input differs.
    Execution(u32),
    /// These addresses are a pair, and other code shows another pair.
    Torn(u64, u64),
}

/// A number of equal operators that is not where it should be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stayed {
    /// A slot or an address, on both sides, used at this offset.
    Number { slot: bool, from: u64, to: u64, at: u32 },
    /// An address that is computed.
    Computed(u64),
}

/// The result of the structural comparison of a pair.
pub(crate) enum Compared {
    Identical,
    Told(Outcome),
    /// The graphs are equal; [`confirm`] runs them.
    Layout(Isomorphic),
}

/// Both modules with all facts that were found about them.
pub(crate) struct Context<'n, 'p, 'm> {
    pub(crate) numbers: &'n Numbers<'p, 'm>,
    pub(crate) texts: &'n Texts,
    /// Whether every index and address means the same on both sides, so that equal bytes are equal
    /// functions.
    pub(crate) same_world: bool,
    /// The initial states of functions that are run; made when the first is run.
    pub(crate) worlds: OnceLock<Worlds>,
}

/// Compares two defined functions.
pub(crate) fn compare(context: &Context<'_, '_, '_>, funcs: (u32, u32)) -> Compared {
    let (numbers, sides) = (context.numbers, context.numbers.sides());
    let (a, b) = sides;
    let (x, y) = (a.type_id_of(funcs.0), b.type_id_of(funcs.1));
    if x != y && a.types.id(x) == y {
        return Compared::Told(different(context, funcs, None));
    }
    if x != y {
        return Compared::Told(changed(Change::Signature(edit(sides, numbers.shift(), funcs))));
    }
    if context.same_world
        && let (Some(x), Some(y)) =
            (a.module.body(FuncIdx(funcs.0)), b.module.body(FuncIdx(funcs.1)))
        && x.bytes() == y.bytes()
    {
        return Compared::Identical;
    }
    match lockstep(sides, (numbers.shift(), &numbers.roles), context.texts, funcs) {
        Some(same) if same.identical() => Compared::Identical,
        Some(same) => Compared::Told(explained(same)),
        None => match layout(numbers, funcs) {
            Some(found) => Compared::Layout(found),
            None => Compared::Told(different(context, funcs, None)),
        },
    }
}

/// Runs two functions whose graphs are equal.
pub(crate) fn confirm(
    context: &Context<'_, '_, '_>,
    funcs: (u32, u32),
    found: &Isomorphic,
    runs: u32,
) -> Outcome {
    let (numbers, sides) = (context.numbers, context.numbers.sides());
    let worlds = context.worlds.get_or_init(|| Worlds::new(sides.1));
    let runs = agree(sides, worlds, funcs, &found.patches, runs);
    if let Ok(Agreement { differs: Some(seed), .. }) = runs {
        return different(context, funcs, Some(Refuted::Execution(seed)));
    }
    let (edit, mut found) = (edit(sides, numbers.shift(), funcs), found.clone());
    let verdict = match found.same.assumed {
        0 => Verdict::LayoutOnly,
        _ => Verdict::AssumedMoved,
    };
    found.patches.clear();
    let facts = facts(&mut found.same);
    let change = Change::Layout(Box::new(Layout { found, runs, edit }));
    Outcome { verdict, change, refuted: None, apart: None, ..facts }
}

/// A loose pair of addresses turned out to contradict others: nothing is proved of the function.
pub(crate) fn torn(
    context: &Context<'_, '_, '_>,
    funcs: (u32, u32),
    (a, b): (u64, u64),
) -> Outcome {
    different(context, funcs, Some(Refuted::Torn(a, b)))
}

/// The verdict of bodies that are equal in lockstep.
fn explained(mut same: Same) -> Outcome {
    let verdict = match same {
        Same { assumed: 1.., .. } => Verdict::AssumedMoved,
        Same { moved: 1.., .. } => Verdict::Moved,
        _ if same.renumbered + same.locals > 0 => Verdict::Renumbered,
        _ => Verdict::Identical,
    };
    let verdict = same.lengths.iter().map(|one| length_verdict(*one)).fold(verdict, Verdict::max);
    let mut facts = facts(&mut same);
    let assumed = same.lengths.iter().filter(|one| !one.shown);
    let pair = |one: &Length| (u64::from(one.pair.0), u64::from(one.pair.1));
    facts.taken.extend(assumed.map(pair).map(|(a, b)| Taken::of(Sort::Length, a, b)));
    Outcome { verdict, change: Change::Same(Box::new(same)), ..facts }
}

/// Takes the lists out of what is the same; each address that moved once.
fn facts(same: &mut Same) -> Outcome {
    let mut shown = std::mem::take(&mut same.shown);
    shown.sort_unstable();
    shown.dedup();
    Outcome {
        loose: std::mem::take(&mut same.loose),
        slots: same.slots,
        taken: std::mem::take(&mut same.taken),
        shown,
        ..changed(Change::Same(Box::default()))
    }
}

/// A length differs as its text does; that it is one may be an assumption.
fn length_verdict(length: Length) -> Verdict {
    let assumed = if length.shown { Verdict::Identical } else { Verdict::AssumedMoved };
    Verdict::of_text(length.sort).max(assumed)
}

/// How the graphs are equal, if they are.
fn layout(numbers: &Numbers<'_, '_>, funcs: (u32, u32)) -> Option<Isomorphic> {
    let (sides, profiles) = (numbers.sides(), &numbers.paired.profiles);
    let sizes = (profiles.0[funcs.0 as usize].ops, profiles.1[funcs.1 as usize].ops);
    // Blocks in another order need a branch more or less here and there, not half a body.
    if sizes.0.abs_diff(sizes.1) > 64 + sizes.0 / 4 {
        return None;
    }
    let graphs = (Graph::new(sides.0, funcs.0)?, Graph::new(sides.1, funcs.1)?);
    let known = (numbers.shift(), &numbers.roles);
    isomorphic(sides, known, funcs, (&graphs.0, &graphs.1))
}

/// The outcome of bodies that nothing explains.
fn different(
    context: &Context<'_, '_, '_>,
    funcs: (u32, u32),
    refuted: Option<Refuted>,
) -> Outcome {
    let numbers = context.numbers;
    if let Some(found) = follows(numbers.sides(), funcs) {
        return Outcome { refuted, ..changed(Change::Types(found)) };
    }
    let edit = edit(numbers.sides(), numbers.shift(), funcs);
    let change = match inlined(numbers.paired, funcs) {
        Some(inlined) => Change::Inlined(edit, inlined),
        None => {
            let same = edit.removed + edit.inserted == 0;
            let stayed = if same { stayed(context, funcs) } else { None };
            Change::Other(edit, stayed)
        }
    };
    Outcome { refuted, ..changed(change) }
}

/// The first number without a consistent move. Either it stays though the code shows that it names
/// something that moved, or some of the bytes accessed through it did not move with it. If there is
/// none, the first computed address that names another thing in B.
fn stayed(context: &Context<'_, '_, '_>, funcs: (u32, u32)) -> Option<Stayed> {
    let (roles, shift) = (&context.numbers.roles, context.numbers.shift());
    let sides = context.numbers.sides();
    let (a, b) = (Tokens::new(sides.0, funcs.0)?, Tokens::new(sides.1, funcs.1)?);
    for (x, y) in a.zip(b) {
        let (from, to) = match (x.tok, y.tok) {
            (Tok::I32(a), Tok::I32(b)) => (u64::from(a as u32), u64::from(b as u32)),
            (Tok::I64(a), Tok::I64(b)) => (a as u64, b as u64),
            (Tok::Mem { offset: a, .. }, Tok::Mem { offset: b, .. }) => (a, b),
            _ => continue,
        };
        let role = roles.of(funcs.0, &x, &y);
        if shift.tokens(sides, role, &x.tok, &y.tok).is_some() {
            continue;
        }
        let slot = matches!(role, Role::Slot(_));
        return Some(Stayed::Number { slot, from, to, at: x.offset });
    }
    let all = roles.folded(funcs.0);
    let (at, _) = all.iter().find(|one| shift.computed(**one).is_none())?;
    Some(Stayed::Computed(*at))
}

fn changed(change: Change) -> Outcome {
    let (verdict, refuted, apart) = (Verdict::Changed, None, None);
    let (loose, taken, shown) = (Vec::new(), Vec::new(), Vec::new());
    Outcome { verdict, change, refuted, apart, loose, slots: 0, taken, shown }
}

/// The callee that one side calls and whose body the other has instead.
fn inlined(paired: &Paired<'_>, funcs: (u32, u32)) -> Option<Inlined> {
    let (a, b) = paired.sides();
    let calls_a = &paired.profiles.0[funcs.0 as usize].calls;
    let calls_b = &paired.profiles.1[funcs.1 as usize].calls;
    let in_a: HashSet<u32> = calls_a.iter().map(|func| a.canonical_func(*func)).collect();
    let in_b: HashSet<u32> = calls_b.iter().copied().collect();
    // The callee's body has to be what the caller grew by: nothing much larger, and no import.
    let covered = |side: &Side<'_>,
                   profiles: &[Profile],
                   lost: Vec<u32>,
                   with: (&Side<'_>, u32),
                   before: (&Side<'_>, u32),
                   room: u32| {
        let fits = |callee: &u32| {
            !side.is_import(*callee) && profiles[*callee as usize].ops <= 2 * room + 16
        };
        let candidates: Vec<u32> = lost.into_iter().filter(fits).take(8).collect();
        if candidates.is_empty() || room == 0 {
            return None;
        }
        // What the caller had before does not speak for the callee.
        let had: HashSet<u64> = grams(before.0, before.1).into_iter().collect();
        let has: HashSet<u64> =
            grams(with.0, with.1).into_iter().filter(|gram| !had.contains(gram)).collect();
        candidates.into_iter().find(|callee| {
            let grams = grams(side, *callee);
            let found = grams.iter().filter(|gram| has.contains(gram)).count();
            !grams.is_empty() && 5 * found >= 3 * grams.len()
        })
    };
    let ops = (paired.profiles.0[funcs.0 as usize].ops, paired.profiles.1[funcs.1 as usize].ops);
    let lost =
        calls_a.iter().copied().filter(|func| !in_b.contains(&a.canonical_func(*func))).collect();
    let grown = ops.1.saturating_sub(ops.0);
    if let Some(callee) = covered(a, &paired.profiles.0, lost, (b, funcs.1), (a, funcs.0), grown) {
        return Some(Inlined { callee, into_a: false });
    }
    let gained = calls_b.iter().copied().filter(|func| !in_a.contains(func)).collect();
    let shrunk = ops.0.saturating_sub(ops.1);
    if let Some(callee) = covered(b, &paired.profiles.1, gained, (a, funcs.0), (b, funcs.1), shrunk)
    {
        return Some(Inlined { callee, into_a: true });
    }
    None
}
