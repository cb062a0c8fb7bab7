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

use crate::DiffOptions;
use crate::judge::cfg::{Graph, Isomorphic, isomorphic};
use crate::judge::edit::{Edit, Stretch, edit, lines};
use crate::judge::exec::{Agreement, Worlds, agree};
use crate::judge::harmless::Taken;
use crate::judge::lengths::Length;
use crate::judge::lockstep::{Same, lockstep};
use crate::judge::texts::Texts;
use crate::numbers::shift::Shift;
use crate::numbers::uses::{Role, Roles};
use crate::pair::matching::{Profile, grams};
use crate::pair::side::Side;
use crate::pair::token::{Tok, Tokens};
use crate::tell::report::{Line, Origin, Sort, Verdict, plural};
use prova_module::FuncIdx;
use std::collections::{BTreeMap, HashSet};
use std::sync::OnceLock;

/// Lines of context around a change.
const CONTEXT: usize = 3;

/// The cause that names a cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cause {
    /// Nothing of this function: indices changed elsewhere.
    Renumbered,
    /// Its locals have other numbers.
    Locals,
    /// An address or slot is as it was, and names another thing.
    Stayed,
    /// Slots of a table that nothing shows to be slots.
    Slots,
    /// An address moved: A's address and the delta.
    Moved(u64, i64),
    /// Text of data grew by this, and numbers are its length.
    Length(i64),
    /// The order of blocks, or of dispatcher states.
    Layout { states: bool },
    /// One operator replaced another.
    Operator(String, String),
    /// One constant replaced another.
    Constant(String, String),
    /// A callee's body stands in place of calls (named), or the other way round.
    Inlined(String, bool),
    /// The operators are the same, but operands differ: the most telling kind of operands.
    Operands(&'static str),
    /// The signature differs.
    Signature,
    /// Other differences; whether they are less than a tenth of the operators.
    Body { slight: bool },
}

/// The finding for a pair of functions.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) verdict: Verdict,
    pub(crate) cause: Cause,
    pub(crate) summary: String,
    pub(crate) evidence: Vec<String>,
    pub(crate) sites: u64,
    pub(crate) code: Vec<Line>,
    /// The callee that was inlined, by A's or B's index.
    pub(crate) inlined: Option<u32>,
    /// How often which field offset became which.
    pub(crate) fields: BTreeMap<(u64, u64), u32>,
    /// As in [`Same`].
    pub(crate) loose: Vec<(u64, u64, u64)>,
    /// Numbers that changed as slots of a table did.
    pub(crate) slots: u32,
    /// The assumptions, and the addresses that are shown to have moved.
    pub(crate) taken: Vec<Taken>,
    pub(crate) shown: Vec<(u64, u64)>,
}

/// The result of the structural comparison of a pair.
pub(crate) enum Compared {
    Identical,
    Told(Outcome),
    /// The graphs are equal; [`confirm`] runs them.
    Layout(Isomorphic),
}

/// Both modules with all facts that were found about them.
pub(crate) struct Context<'s, 'm> {
    pub(crate) sides: (&'s Side<'m>, &'s Side<'m>),
    pub(crate) shift: &'s Shift,
    pub(crate) texts: &'s Texts,
    pub(crate) roles: &'s Roles,
    pub(crate) profiles: (&'s [Profile], &'s [Profile]),
    /// Whether every index and address means the same on both sides, so that equal bytes are equal
    /// functions.
    pub(crate) same_world: bool,
    /// The initial states of functions that are run; made when the first is run.
    pub(crate) worlds: OnceLock<Worlds>,
    pub(crate) options: &'s DiffOptions,
}

/// Compares two defined functions.
pub(crate) fn compare(context: &Context<'_, '_>, funcs: (u32, u32)) -> Compared {
    let (a, b) = context.sides;
    let types = (a.module.func_type(FuncIdx(funcs.0)), b.module.func_type(FuncIdx(funcs.1)));
    if a.type_id_of(funcs.0) != b.type_id_of(funcs.1) {
        let evidence = vec![format!("type {} became {}", types.0, types.1)];
        let edit = edit(context.sides, context.shift, funcs);
        let code = code(context, funcs, &edit);
        let summary = "its type changed".to_owned();
        return Compared::Told(changed(summary, Cause::Signature, evidence, edit, code));
    }
    if context.same_world
        && let (Some(x), Some(y)) =
            (a.module.body(FuncIdx(funcs.0)), b.module.body(FuncIdx(funcs.1)))
        && x.bytes() == y.bytes()
    {
        return Compared::Identical;
    }
    match lockstep(context.sides, (context.shift, context.roles), context.texts, funcs) {
        Some(same) if same.identical() => Compared::Identical,
        Some(same) => Compared::Told(explained(&same)),
        None => match layout(context, funcs) {
            Some(found) => Compared::Layout(found),
            None => Compared::Told(different(context, funcs, Vec::new())),
        },
    }
}

/// Runs two functions whose graphs are equal.
pub(crate) fn confirm(
    context: &Context<'_, '_>,
    funcs: (u32, u32),
    found: &Isomorphic,
    runs: u32,
) -> Outcome {
    let worlds = context.worlds.get_or_init(|| Worlds::new(context.sides.1));
    let runs = agree(context.sides, worlds, funcs, &found.patches, runs);
    if let Ok(Agreement { differs: Some(seed), .. }) = runs {
        let why = format!("control-flow graphs look equal, but execution differs (input {seed})");
        return different(context, funcs, vec![why]);
    }
    layout_outcome(context, funcs, found, runs)
}

/// A loose pair of addresses turned out to contradict others: nothing is proved of the function.
pub(crate) fn torn(context: &Context<'_, '_>, funcs: (u32, u32), (a, b): (u64, u64)) -> Outcome {
    let why = format!("address {a} is {b} here, and other code shows another pair");
    different(context, funcs, vec![why])
}

/// The verdict of bodies that are equal in lockstep.
fn explained(same: &Same) -> Outcome {
    let mut evidence = vec!["operator by operator the same".to_owned()];
    let mut sites = u64::from(same.moved + same.assumed) + same.lengths.len() as u64;
    let verdict = match same {
        Same { assumed: 1.., .. } => Verdict::AssumedMoved,
        Same { moved: 1.., .. } => Verdict::Moved,
        _ if same.renumbered + same.locals > 0 => Verdict::Renumbered,
        _ => Verdict::Identical,
    };
    let verdict = same.lengths.iter().map(|one| length_verdict(*one)).fold(verdict, Verdict::max);
    let cause = match same.first_moved {
        _ if !same.lengths.is_empty() => Cause::Length(growth(same.lengths[0])),
        Some((address, delta)) => Cause::Moved(address, delta),
        None if same.assumed > 0 => Cause::Slots,
        None if same.renumbered > 0 => Cause::Renumbered,
        None => Cause::Locals,
    };
    let mut parts = Vec::new();
    lengths(&same.lengths, &mut parts, &mut evidence);
    numbers(same, &mut parts);
    if let (Some((address, delta)), 1..) = (same.first_moved, same.moved) {
        evidence.push(format!(
            "the first address, {address}, is {} in B ({delta:+})",
            address.wrapping_add_signed(delta)
        ));
    }
    evidence.extend(same.first_assumed.clone());
    if sites == 0 {
        sites = u64::from(same.renumbered + same.locals);
    }
    if same.renumbered > 0 {
        let places = plural(same.renumbered.into(), "place");
        parts.push(format!("{places} where an index names the same thing by another number"));
    }
    if same.locals > 0 {
        parts.push(format!("{} of renamed locals", plural(same.locals.into(), "use")));
    }
    let summary = parts.join(", ");
    let mut taken = same.taken.clone();
    let assumed = same.lengths.iter().filter(|one| !one.shown);
    let pair = |one: &Length| (u64::from(one.pair.0), u64::from(one.pair.1));
    taken.extend(assumed.map(pair).map(|(a, b)| Taken::of(Sort::Length, a, b)));
    Outcome {
        verdict,
        cause,
        summary,
        evidence,
        sites,
        code: Vec::new(),
        inlined: None,
        fields: BTreeMap::new(),
        loose: same.loose.clone(),
        slots: same.slots,
        taken,
        shown: shown(same),
    }
}

/// Adds in words which numbers moved, and the assumptions about others.
fn numbers(same: &Same, parts: &mut Vec<String>) {
    if same.moved > 0 {
        parts.push(format!("{} moved", plural(same.moved.into(), "address")));
    }
    if same.mixed > 0 {
        let addresses = plural(same.mixed.into(), "address");
        parts.push(format!("{addresses} moved, and may be used as a number too"));
    }
    match same.stays {
        0 => {}
        1 => parts.push("1 number stays, and is assumed to be no address".to_owned()),
        stays => parts.push(format!("{stays} numbers stay, and are assumed to be no addresses")),
    }
    if same.room > 0 {
        let numbers = plural(same.room.into(), "number");
        parts.push(format!("{numbers} assumed to be what is left of memory"));
    }
    let rest = same.assumed - same.mixed - same.stays - same.room;
    if rest > 0 {
        parts.push(format!("{} assumed to be an address or slot", plural(rest.into(), "number")));
    }
}

/// Addresses that are shown to have moved, each once.
fn shown(same: &Same) -> Vec<(u64, u64)> {
    let mut shown = same.shown.clone();
    shown.sort_unstable();
    shown.dedup();
    shown
}

/// By how much a text grew.
fn growth(length: Length) -> i64 {
    i64::from(length.pair.1) - i64::from(length.pair.0)
}

/// A length differs as its text does; that it is one may be an assumption.
fn length_verdict(length: Length) -> Verdict {
    let assumed = if length.shown { Verdict::Identical } else { Verdict::AssumedMoved };
    length.sort.verdict().max(assumed)
}

/// Adds the findings about lengths of text to a summary and its evidence.
fn lengths(lengths: &[Length], parts: &mut Vec<String>, evidence: &mut Vec<String>) {
    let Some(first) = lengths.first() else { return };
    let sort = first.sort.verdict();
    parts.push(format!("{} of {sort} strings", plural(lengths.len() as u64, "length")));
    let (a, b) = first.pair;
    let why = match lengths.iter().all(|one| one.shown) {
        true => "each is used beside the string's address, as its length",
        false => {
            "one stands by the string's address, and nothing shows that it is used as its length"
        }
    };
    evidence.push(format!("{a} → {b} is the string's own length on both sides; {why}"));
}

/// How the graphs are equal, if they are.
fn layout(context: &Context<'_, '_>, funcs: (u32, u32)) -> Option<Isomorphic> {
    let sizes =
        (context.profiles.0[funcs.0 as usize].ops, context.profiles.1[funcs.1 as usize].ops);
    // Blocks in another order need a branch more or less here and there, not half a body.
    if sizes.0.abs_diff(sizes.1) > 64 + sizes.0 / 4 {
        return None;
    }
    let graphs = (Graph::new(context.sides.0, funcs.0)?, Graph::new(context.sides.1, funcs.1)?);
    let known = (context.shift, context.roles);
    isomorphic(context.sides, known, funcs, (&graphs.0, &graphs.1))
}

fn layout_outcome(
    context: &Context<'_, '_>,
    funcs: (u32, u32),
    found: &Isomorphic,
    runs: Result<Agreement, String>,
) -> Outcome {
    let states = found.dispatched > 0 && found.states_permuted;
    let summary = if states {
        "layout-only, dispatcher states permuted"
    } else {
        "layout-only, blocks in another order"
    };
    let mut evidence = vec![format!(
        "control-flow graphs of {} blocks are equal up to the order of blocks",
        found.blocks
    )];
    if found.dispatched > 0 {
        evidence.push(format!(
            "{} edges pass a dispatcher; state constants, `br_table` operands and branch depths change together",
            found.dispatched
        ));
    }
    match runs {
        Ok(Agreement { agreed, unfinished, .. }) => {
            evidence.push(format!(
                "{agreed} executions on random inputs agree: results, traps, memory, globals, calls with arguments"
            ));
            if unfinished > 0 {
                evidence.push(format!(
                    "{unfinished} executions used up their fuel and are not counted"
                ));
            }
        }
        Err(why) => evidence.push(format!("not executed: {why}")),
    }
    if found.same.moved > 0 {
        evidence.push(format!("{} moved", plural(found.same.moved.into(), "address")));
    }
    evidence.extend(found.same.first_assumed.clone());
    let verdict = match found.same.assumed {
        0 => Verdict::LayoutOnly,
        _ => Verdict::AssumedMoved,
    };
    let edit = edit(context.sides, context.shift, funcs);
    Outcome {
        verdict,
        cause: Cause::Layout { states },
        summary: summary.into(),
        evidence,
        sites: (edit.removed.max(edit.inserted)) as u64,
        code: code(context, funcs, &edit),
        inlined: None,
        fields: BTreeMap::new(),
        loose: found.same.loose.clone(),
        slots: found.same.slots,
        taken: found.same.taken.clone(),
        shown: shown(&found.same),
    }
}

/// The outcome of bodies that nothing explains.
fn different(context: &Context<'_, '_>, funcs: (u32, u32), mut evidence: Vec<String>) -> Outcome {
    let edit = edit(context.sides, context.shift, funcs);
    let code = code(context, funcs, &edit);
    if let Some((callee, name, into_a)) = inlined(context, funcs) {
        let summary = if into_a {
            format!("the body of `{name}` became a call of it")
        } else {
            format!("`{name}` is inlined")
        };
        evidence.push("the callee's operators stand in the caller".into());
        let mut outcome = changed(summary, Cause::Inlined(name, into_a), evidence, edit, code);
        outcome.inlined = Some(callee);
        return outcome;
    }
    let kinds = edit.operands.map(|operands| operands.words()).unwrap_or_default();
    if let Some(single) = edit.single.clone() {
        let (a, b) = (single.a, single.b);
        let what = if single.constant { "constant" } else { "operator" };
        // One address, field or callee is better told with its like than by its number.
        let (what, cause) = match kinds.first() {
            Some(kind) if *kind != "constants" => ("operand", Cause::Operands(kind)),
            _ if single.constant => (what, Cause::Constant(a.clone(), b.clone())),
            _ => (what, Cause::Operator(a.clone(), b.clone())),
        };
        return changed(format!("{what} changed: {a} → {b}"), cause, evidence, edit, code);
    }
    if let Some(kind) = kinds.first() {
        let (ops, count) = (edit.ops, edit.removed);
        let summary =
            format!("the same {ops} operators, {count} operands differ: {}", kinds.join(", "));
        return changed(summary, Cause::Operands(kind), evidence, edit, code);
    }
    let summary = if edit.removed + edit.inserted == 0 {
        match stayed(context, funcs) {
            Some(why) => {
                evidence.push(why);
                return changed(STAYED.to_owned(), Cause::Stayed, evidence, edit, code);
            }
            None => "locals differ where operators are the same".to_owned(),
        }
    } else {
        format!("{} of {} operators removed, {} inserted", edit.removed, edit.ops, edit.inserted)
    };
    let slight = 10 * edit.removed.max(edit.inserted) < edit.ops;
    changed(summary, Cause::Body { slight }, evidence, edit, code)
}

/// Summary of a function whose operators are the same, although an address should differ.
const STAYED: &str = "the same operators, but what they access moved";

/// Describes the first number without a consistent move. Either it stays though the code shows that
/// it names something that moved, or some of the bytes accessed through it did not move with it. If
/// there is none, describes the first computed address that names another thing in B.
fn stayed(context: &Context<'_, '_>, funcs: (u32, u32)) -> Option<String> {
    let (a, b) = (Tokens::new(context.sides.0, funcs.0)?, Tokens::new(context.sides.1, funcs.1)?);
    for (x, y) in a.zip(b) {
        let (from, to) = match (x.tok, y.tok) {
            (Tok::I32(a), Tok::I32(b)) => (u64::from(a as u32), u64::from(b as u32)),
            (Tok::I64(a), Tok::I64(b)) => (a as u64, b as u64),
            (Tok::Mem { offset: a, .. }, Tok::Mem { offset: b, .. }) => (a, b),
            _ => continue,
        };
        let role = context.roles.of(funcs.0, &x, &y);
        if context.shift.tokens(context.sides, role, &x.tok, &y.tok).is_some() {
            continue;
        }
        let (what, at) =
            (if let Role::Slot(_) = role { "table slot" } else { "address" }, x.offset);
        return Some(match from == to {
            true => format!("{what} {from}, used at {at:#x}, names another thing in B"),
            false => format!(
                "{what} {from} is {to} in B, used at {at:#x}, and not all that is accessed there moved so"
            ),
        });
    }
    let all = context.roles.folded(funcs.0);
    let (at, _) = all.iter().find(|one| context.shift.computed(**one).is_none())?;
    Some(format!("address {at}, which is computed, names another thing in B"))
}

fn changed(
    summary: String,
    cause: Cause,
    evidence: Vec<String>,
    edit: Edit,
    code: Vec<Line>,
) -> Outcome {
    let sites = edit.removed.max(edit.inserted).max(1) as u64;
    let (verdict, fields) = (Verdict::Changed, edit.fields);
    let (inlined, loose, taken, shown) = (None, Vec::new(), Vec::new(), Vec::new());
    Outcome {
        verdict,
        cause,
        summary,
        evidence,
        sites,
        code,
        inlined,
        fields,
        loose,
        slots: 0,
        taken,
        shown,
    }
}

/// The callee that one side calls and whose body the other has instead: its index, name, and
/// whether A has the body.
fn inlined(context: &Context<'_, '_>, funcs: (u32, u32)) -> Option<(u32, String, bool)> {
    let (a, b) = context.sides;
    let calls_a = &context.profiles.0[funcs.0 as usize].calls;
    let calls_b = &context.profiles.1[funcs.1 as usize].calls;
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
    let ops = (context.profiles.0[funcs.0 as usize].ops, context.profiles.1[funcs.1 as usize].ops);
    let lost =
        calls_a.iter().copied().filter(|func| !in_b.contains(&a.canonical_func(*func))).collect();
    let grown = ops.1.saturating_sub(ops.0);
    if let Some(callee) = covered(a, context.profiles.0, lost, (b, funcs.1), (a, funcs.0), grown) {
        return Some((callee, a.func_name(callee), false));
    }
    let gained = calls_b.iter().copied().filter(|func| !in_a.contains(func)).collect();
    let shrunk = ops.0.saturating_sub(ops.1);
    if let Some(callee) = covered(b, context.profiles.1, gained, (a, funcs.0), (b, funcs.1), shrunk)
    {
        return Some((callee, b.func_name(callee), true));
    }
    None
}

/// The changed lines with some context.
fn code(context: &Context<'_, '_>, funcs: (u32, u32), edit: &Edit) -> Vec<Line> {
    let most = context.options.code_lines;
    if most == 0 {
        return Vec::new();
    }
    let (a, b) = context.sides;
    let Some(first) = edit.stretches.iter().position(|stretch| !stretch.equal) else {
        return Vec::new();
    };
    let start = edit.stretches[first].a.start.saturating_sub(CONTEXT);
    // Lines are decoded from the start of the body: as far as the cap can need.
    let lines_a =
        lines(a, funcs.0, 0..reach(&edit.stretches[first..], most, |stretch| stretch.a.clone()));
    let lines_b =
        lines(b, funcs.1, 0..reach(&edit.stretches[first..], most, |stretch| stretch.b.clone()));
    let mut out = Vec::new();
    let line = |origin, lines: &[(u32, String)], at: usize| -> Option<Line> {
        let (offset, text) = lines.get(at)?.clone();
        Some(Line { origin, offset, offset_b: None, text })
    };
    let both = |at_a: usize, at_b: usize| {
        let offset_b = lines_b.get(at_b).map(|(offset, _)| *offset);
        Some(Line { offset_b, ..line(Origin::Both, &lines_a, at_a)? })
    };
    let (end_a, end_b) = (edit.stretches[first].a.start, edit.stretches[first].b.start);
    out.extend((start..end_a).filter_map(|at| both(at, (end_b + at).checked_sub(end_a)?)));
    for stretch in &edit.stretches[first..] {
        if out.len() >= most {
            break;
        }
        if stretch.equal {
            let (low, high) = (stretch.a.start, stretch.a.end);
            let near = |at: &usize| *at < low + CONTEXT || *at + CONTEXT >= high;
            let in_b = stretch.b.start;
            out.extend((low..high).filter(near).filter_map(|at| both(at, in_b + (at - low))));
        } else {
            out.extend(stretch.a.clone().take(most).filter_map(|at| line(Origin::A, &lines_a, at)));
            out.extend(stretch.b.clone().take(most).filter_map(|at| line(Origin::B, &lines_b, at)));
        }
    }
    out.truncate(most);
    out
}

/// How far into a body `most` shown lines can reach.
fn reach(
    stretches: &[Stretch],
    most: usize,
    range: impl Fn(&Stretch) -> std::ops::Range<usize>,
) -> usize {
    let mut shown = 0;
    let mut end = 0;
    for stretch in stretches {
        let range = range(stretch);
        let len = if stretch.equal { range.len().min(2 * CONTEXT) } else { range.len() };
        end = if stretch.equal { range.end } else { range.start + range.len().min(most) };
        shown += len;
        if shown > most {
            break;
        }
    }
    end
}
