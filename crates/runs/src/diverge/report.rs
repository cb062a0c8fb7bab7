//! The result of a search → text and JSON.
//!
//! Places and events are those of `trace`. Names are printable.

use super::{
    BEFORE, Hit, Pair, Second, States, Traced, Translation, func_of, is_cut, plainly_differ, source,
};
use crate::trace::{
    End, Frame, Level, Prepared, Ran, Shown, frames, function, line, object_text, shown,
};
use prova_builds::names::{counted, printable};
use prova_module::{FuncIdx, LocalIdx, Module, ValType};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Whether two sides differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// All events are the same, and both end alike.
    Same,
    /// They differ, at the event in the report, or only in how they end.
    Differs,
    /// They differ, but not when they are traced.
    Vanishes,
    /// Tracing ended a run earlier than it ends by itself, and up to there no event differs.
    Cut,
}

/// A side's run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SideReport {
    /// Its name.
    pub name: String,
    /// How it ended without tracing.
    pub ended: String,
    /// Calls of the host that were answered without tracing.
    pub calls: u64,
    /// How it ended with tracing; of B, up to where it was stopped.
    pub traced: String,
    /// How many events there were.
    pub events: u64,
}

/// Where a side is at the event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Spot {
    /// The event.
    pub event: Shown,
    /// File and line of its operator, where the module tells them.
    pub source: Option<String>,
    /// Who had called, the innermost first.
    pub stack: Vec<Frame>,
}

/// A value before the operator, or behind the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StateValue {
    /// `local 3`, `stack 0`; the bottom of the stack is 0.
    pub place: String,
    /// The local's name, printable.
    pub name: Option<String>,
    /// The value of A, if it is there.
    pub a: Option<String>,
    /// The value of B.
    pub b: Option<String>,
    /// Whether they differ.
    pub differs: bool,
}

/// The first event that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct First {
    /// Its number, from 1, among those of the last search.
    pub number: u64,
    /// Functions of A of which all values were compared.
    pub close: Vec<String>,
    /// The event of A; `None` if A ended before.
    pub a: Option<Spot>,
    /// The event of B.
    pub b: Option<Spot>,
    /// The last events that are the same.
    pub before: Vec<Shown>,
    /// Both sides agreed in the last event, and then went different ways.
    pub ways: bool,
    /// Values of locals and of the operand stack.
    pub state: Vec<StateValue>,
}

/// The result of a search.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Divergence {
    /// Whether they differ.
    pub verdict: Verdict,
    /// Which events were compared.
    pub level: Level,
    /// How often the program ran.
    pub runs: u32,
    /// The first side.
    pub a: SideReport,
    /// The second side.
    pub b: SideReport,
    /// The first event that differs, if there is one.
    pub first: Option<First>,
    /// Further facts, a sentence each.
    pub notes: Vec<String>,
    /// The code around the place, of each side, if it was asked for ([`Divergence::translate`]).
    pub translations: Vec<Translation>,
}

fn side(pair: &Pair<'_>, at: usize, plain: &Ran, traced: &Ran) -> SideReport {
    SideReport {
        name: printable(&pair.sides[at].name),
        ended: printable(&plain.end.to_string()),
        calls: plain.calls,
        traced: printable(&traced.end.to_string()),
        events: traced.count,
    }
}

/// The note on an event that is the same on both sides, though the hashes up to it are not.
const OF_THE_HASH: &str = "the event is the same on both sides, the hash over the events is not: one side computes the hash wrongly (i64.xor, i64.mul, and i64.rotl by 29 and 31)";

/// Whether runs differ that do not differ when they are traced.
pub(super) fn vanishes([a, b]: &[Ran; 2], plain: &[(Prepared, Ran); 2]) -> bool {
    !plainly_differ(a, b) && plainly_differ(&plain[0].1, &plain[1].1)
}

/// Whether memories differ at the end, if both are known: of runs that came to their end. An
/// instance that has run before may have others.
fn memories_differ(
    pair: &Pair<'_>,
    [a, b]: [&Ran; 2],
    [(_, plain_a), (_, plain_b)]: &[(Prepared, Ran); 2],
) -> bool {
    let ended = |ran: &Ran| matches!(ran.end, End::Returned(_) | End::Exited(_));
    let differ = |a: &Ran, b: &Ran| {
        let both = a.memory.zip(b.memory).filter(|_| ended(a) && ended(b));
        both.is_some_and(|(a, b)| a != b)
    };
    let comparable = pair.partners.is_none() && !matches!(pair.second, Second::Reused);
    comparable && (differ(a, b) || differ(plain_a, plain_b))
}

/// The exported call of the runs, and how it ends in both without tracing.
fn without(pair: &Pair<'_>, [(_, a), (_, b)]: &[(Prepared, Ran); 2]) -> String {
    let args = pair.record.args().join(", ");
    let name = pair.record.export().unwrap_or("_start");
    let mut text = format!("without tracing the call {name}({args}) {} | {}", a.end, b.end);
    if let (Some(a_results), Some(b_results)) = (&a.results, &b.results)
        && a.end == b.end
    {
        let bits = |(kind, [low, high]): &(&str, [u64; 2])| match high {
            0 => format!("{kind} {low:#x}"),
            _ => format!("{kind} {:#x}", u128::from(*low) | u128::from(*high) << 64),
        };
        let all = |results: &[_]| results.iter().map(bits).collect::<Vec<_>>().join(", ");
        if a_results != b_results {
            text += &format!(": {} | {}", all(a_results), all(b_results));
        }
    }
    printable(&text)
}

/// The report of sides whose events are the same.
pub(super) fn same(
    pair: &Pair<'_>,
    plain: &[(Prepared, Ran); 2],
    level: Level,
    [a, b]: [Ran; 2],
    runs: u32,
) -> Divergence {
    let [(_, plain_a), (_, plain_b)] = plain;
    let elsewhere = matches!(pair.second, Second::Elsewhere(_));
    let mut notes = Vec::new();
    let verdict = match (plainly_differ(&a, &b), plainly_differ(plain_a, plain_b)) {
        (true, _) => {
            notes.push(format!("all events of level {level} are the same, the ends are not"));
            notes.push(without(pair, plain));
            Verdict::Differs
        }
        (false, true) => {
            notes.push("the runs differ, but not when they are traced".to_owned());
            notes.push(without(pair, plain));
            Verdict::Vanishes
        }
        (false, false) if memories_differ(pair, [&a, &b], plain) => {
            let what = format!("all events of level {level} are the same, the memories are not");
            notes.push(what + ": what differs was not loaded");
            Verdict::Differs
        }
        (false, false) if is_cut(&a, plain_a, false) || is_cut(&b, plain_b, elsewhere) => {
            let what = "traced runs need more fuel and stack, and ended earlier";
            notes.push(format!("{what}: what comes then was not compared"));
            Verdict::Cut
        }
        (false, false) => Verdict::Same,
    };
    let recorded = pair.record.end().map(printable);
    let ended = printable(&plain_a.end.to_string());
    if let Some(recorded) = recorded.filter(|recorded| *recorded != ended) {
        notes.push(format!("when it was recorded, the program {recorded}"));
    }
    let (a, b) = (side(pair, 0, plain_a, &a), side(pair, 1, plain_b, &b));
    Divergence { verdict, level, runs, a, b, first: None, notes, translations: Vec::new() }
}

/// The report of sides of which an event differs.
pub(super) fn differs(
    pair: &Pair<'_>,
    plain: &[(Prepared, Ran); 2],
    (traced, hit): (&Traced, &Hit),
    states: [States; 2],
    runs: u32,
) -> Divergence {
    let [(_, plain_a), (_, plain_b)] = plain;
    let modules = [traced.both[0].original(), traced.both[1].original()];
    let spot = |at: usize| {
        let (ran, site) = (&hit.ran[at], hit.sites[at]?);
        let event = ran.watch.events.iter().find(|event| event.number == hit.number)?;
        let place = func_of(site, &ran.frames);
        Some(Spot {
            event: shown(modules[at], site, event),
            source: place.and_then(|(_, offset)| source::line(modules[at], offset)),
            stack: frames(modules[at], &ran.frames),
        })
    };
    let before = hit.ran[0].watch.events.iter().filter(|event| event.number < hit.number);
    let skipped = (before.clone().count() as u64).saturating_sub(BEFORE);
    let before = before
        .skip(skipped as usize)
        .filter_map(|event| Some(shown(modules[0], traced.site(0, event)?, event)));
    let close = hit.deep[0]
        .iter()
        .map(|func| function(&crate::trace::named(modules[0], FuncIdx(*func)), *func));
    let ways = match (hit.sites, &traced.ids) {
        ([Some(a), Some(b)], None) => a != b,
        ([Some(_), Some(_)], Some(_)) => {
            let site = |at: usize| hit.ran[at].watch.events.last().map(|event| event.site);
            site(0) != site(1)
        }
        _ => false,
    };
    let first = First {
        number: hit.number,
        ways,
        close: close.collect(),
        a: spot(0),
        b: spot(1),
        before: before.collect(),
        state: state(modules, &states),
    };
    let mut notes = Vec::new();
    let alike = first.a.as_ref().zip(first.b.as_ref());
    if alike.is_some_and(|(a, b)| a.event == b.event) {
        notes.push(OF_THE_HASH.to_owned());
    }
    if !plainly_differ(plain_a, plain_b) {
        notes.push("without tracing both sides end alike".to_owned());
    }
    if pair.partners.is_some() {
        notes.push("sites that only one build has are not compared".to_owned());
    }
    Divergence {
        verdict: Verdict::Differs,
        level: hit.level,
        runs,
        a: side(pair, 0, plain_a, &hit.ran[0]),
        b: side(pair, 1, plain_b, &hit.ran[1]),
        first: Some(first),
        notes,
        translations: Vec::new(),
    }
}

/// The values of both sides, side by side.
fn state(modules: [&Module; 2], states: &[States; 2]) -> Vec<StateValue> {
    let mut rows: BTreeMap<(bool, u32), [Option<String>; 2]> = BTreeMap::new();
    for at in [0, 1] {
        let Some(request) = &states[at].request else { continue };
        let locals = modules[at].body(request.func).map(|body| body.local_types());
        let locals = locals.unwrap_or_default();
        for value in &states[at].values {
            let types = if value.of_stack { &request.stack } else { &locals };
            let Some(ty) = types.get(value.index as usize) else { continue };
            let text = text(*ty, value.low, value.high);
            rows.entry((value.of_stack, value.index)).or_default()[at] = Some(text);
        }
    }
    let name = |index: u32| {
        let func = states[0].request.as_ref()?.func;
        modules[0].names().local(func, LocalIdx(index)).map(printable)
    };
    let row = |((of_stack, index), [a, b]): ((bool, u32), [Option<String>; 2])| StateValue {
        place: format!("{} {index}", if of_stack { "stack" } else { "local" }),
        name: if of_stack { None } else { name(index) },
        differs: a != b,
        a,
        b,
    };
    rows.into_iter().map(row).collect()
}

/// A value of a type.
fn text(ty: ValType, low: u64, high: u64) -> String {
    match ty {
        ValType::I32 => format!("{low:#x} ({})", low as u32 as i32),
        ValType::I64 => format!("{low:#x} ({})", low as i64),
        ValType::F32 => format!("{low:#x} ({})", f32::from_bits(low as u32)),
        ValType::F64 => format!("{low:#x} ({})", f64::from_bits(low)),
        ValType::V128 => format!("{:#034x}", u128::from(low) | u128::from(high) << 64),
        ValType::Ref(_) => match (low, low & 3) {
            _ if let Some(number) = object_text(low) => format!("object {number}"),
            (0, _) => "null".to_owned(),
            (_, 2) => format!("the small integer {:#x}", low >> 2),
            _ => "not null".to_owned(),
        },
    }
}

impl Divergence {
    /// The report as text.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        let (a, b) = (&self.a, &self.b);
        match (self.verdict, &self.first) {
            (Verdict::Same, _) => {
                let events = counted(a.events, "event");
                writeln!(out, "no difference in {events} of level {}", self.level).ok();
            }
            (Verdict::Vanishes, _) => {
                writeln!(out, "the runs differ, but not when they are traced").ok();
            }
            (Verdict::Cut, _) => {
                let events = counted(a.events, "event");
                let what = "no difference in the first";
                writeln!(out, "{what} {events} of level {}", self.level).ok();
            }
            (Verdict::Differs, None) => {
                let events = a.events;
                writeln!(
                    out,
                    "{events} events of level {} are the same, what is left is not",
                    self.level
                )
                .ok();
            }
            (Verdict::Differs, Some(first)) => self.first_text(&mut out, first),
        }
        writeln!(out, "\nthe program, untraced").ok();
        let width = a.name.len().max(b.name.len());
        for one in [a, b] {
            let SideReport { name, ended, calls, .. } = one;
            let calls = counted(*calls, "call");
            writeln!(out, "  {name:width$}  {ended}, after {calls} of the host").ok();
        }
        for note in &self.notes {
            writeln!(out, "note: {note}").ok();
        }
        writeln!(out, "{} runs", self.runs).ok();
        out
    }

    fn first_text(&self, out: &mut String, first: &First) {
        let First { number, a, b, before, state, close, ways } = first;
        let fork = before.last().filter(|_| *ways);
        match a.as_ref().or(b.as_ref()) {
            Some(_) if let Some(fork) = fork => {
                let (operator, place) = (&fork.operator, fork.place());
                let at = fork.offset;
                let operator = if operator.is_empty() { "the entry" } else { operator.as_str() };
                writeln!(
                    out,
                    "first difference: the way after {operator} in {place}, at {at:#08x}"
                )
                .ok();
            }
            Some(spot) => {
                let at = match (spot.event.offset, spot.stack.first()) {
                    (0, Some(caller)) => (function(&caller.name, caller.func), caller.offset),
                    (offset, _) => (spot.event.place(), offset),
                };
                let what = match spot.event.event {
                    "returned" => format!("what {} returned in", spot.event.operator),
                    _ => "in".to_owned(),
                };
                writeln!(out, "first difference: {what} {}, at {:#08x}", at.0, at.1).ok();
                if let Some(source) = &spot.source {
                    writeln!(out, "source: {source}").ok();
                }
            }
            None => {
                writeln!(out, "first difference: behind the last event").ok();
            }
        }
        let close = if close.is_empty() { "" } else { ", with all values around" };
        writeln!(out, "event {number} of level {}{close}\n", self.level).ok();
        for shown in before {
            writeln!(out, "  both  {}", line(shown)).ok();
        }
        let width = self.a.name.len().max(self.b.name.len()).max(4);
        for (side, spot) in [(&self.a, a), (&self.b, b)] {
            match spot {
                Some(spot) => writeln!(out, "→ {:width$}  {}", side.name, line(&spot.event)).ok(),
                None => writeln!(out, "→ {:width$}  {} here", side.name, side.traced).ok(),
            };
        }
        if !state.is_empty() {
            writeln!(out, "\nvalues there").ok();
        }
        for value in state {
            let StateValue { place, name, a, b, differs } = value;
            let name = name.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
            let (a, b) = (a.as_deref().unwrap_or("–"), b.as_deref().unwrap_or("–"));
            match differs {
                true => writeln!(out, "→ {place}{name}: {a} | {b}").ok(),
                false => writeln!(out, "  {place}{name}: {a}").ok(),
            };
        }
        let stacks = [(&self.a, a), (&self.b, b)];
        let same = a.as_ref().map(|spot| &spot.stack) == b.as_ref().map(|spot| &spot.stack);
        for (side, spot) in stacks.iter().take(if same { 1 } else { 2 }) {
            let Some(spot) = spot.as_ref().filter(|spot| !spot.stack.is_empty()) else { continue };
            let whose = if same { "both".to_owned() } else { side.name.clone() };
            writeln!(out, "\ncalls of {whose}").ok();
            for frame in &spot.stack {
                let place = function(&frame.name, frame.func);
                writeln!(out, "  {:#08x}  {} in {place}", frame.offset, frame.operator).ok();
            }
        }
    }

    /// The first line: whether and where they differ.
    pub(super) fn headline(&self) -> String {
        self.to_text().lines().next().unwrap_or_default().to_owned()
    }

    /// The report as JSON.
    ///
    /// # Errors
    /// The serialiser's; none is known.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }

    /// 0 for no difference, 1 for one.
    pub fn exit_code(&self) -> u8 {
        u8::from(self.verdict != Verdict::Same)
    }
}
