//! The result of a comparison → text and JSON. Names in a report are printable.

use super::compare::{Compared, Found};
use super::shadow::{Alias, Unstored};
use super::side::End;
use super::site::{Event, Site, What};
use super::twin::Spot;
use super::{Compiled, Lockstep};
use crate::trace::{function, named};
use prova_builds::names::{counted, printable};
use prova_core::Result;
use prova_module::{FuncIdx, Module};
use serde::Serialize;
use std::fmt::Write;

/// The verdict of a comparison of generic and specialised functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Agreement {
    /// All that was compared is the same.
    Same,
    /// The specialised function does something else.
    Differs,
    /// The program touches a cell whose store is put off: what the proof assumes does not hold.
    Aliasing,
    /// The program breaks another promise: a specialised value is not in its range.
    Broken,
}

/// A place of one side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Index of the function in its module.
    pub func: u32,
    /// Its name, printable.
    pub name: String,
    /// Offset of the operator in its module.
    pub offset: u32,
    /// The place in words: the offset in the file, with the line of source where it is known.
    pub at: String,
    /// The event there, in words.
    pub event: String,
}

/// The first difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The difference, in a sentence.
    pub what: String,
    /// Where the generic function is; `None` if it has ended elsewhere.
    pub generic: Option<Place>,
    /// Where the specialised function is.
    pub specialized: Option<Place>,
    /// The specialised function, and the one that it was made of.
    pub function: String,
    /// The program counters of the interpreted program, the innermost last.
    pub counters: Vec<u64>,
    /// The number of the activation among all of specialised functions, from 1.
    pub activation: u64,
    /// Where each side has last computed or loaded the word that differs, the generic side first.
    pub made: [Option<Place>; 2],
    /// The place that wrote or popped the cell, if the difference is one of a cell.
    pub cell: Option<Place>,
    /// The last events that are the same, as the specialised functions have them.
    pub before: Vec<Place>,
}

/// A comparison: its verdict, its first difference and its counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LockstepReport {
    /// The verdict.
    pub agreement: Agreement,
    /// The first difference.
    pub first: Option<Finding>,
    /// Activations of specialised functions.
    pub activations: u64,
    /// The number of activations that called the generic function.
    pub fallbacks: u64,
    /// Events that both sides have.
    pub events: u64,
    /// How the generic side ended; `None` if it was stopped.
    pub generic_ended: Option<String>,
    /// How the specialised side ended.
    pub specialized_ended: Option<String>,
    /// Further facts: broken promises, reads of popped cells, memory that differs at the end.
    pub notes: Vec<String>,
}

/// The inputs of a report.
pub(super) struct Parts<'p> {
    pub(super) lockstep: &'p Lockstep<'p>,
    pub(super) specialized: &'p Module,
    pub(super) sites: [&'p [Site]; 2],
    pub(super) ends: [Option<&'p End>; 2],
}

impl Parts<'_> {
    /// The report.
    pub(super) fn report(&self, compared: &Compared) -> LockstepReport {
        let first = compared.found.as_ref().map(|found| self.finding(found, compared));
        let broken = self.broken(compared);
        let agreement = match (&compared.found, &broken) {
            (None, _) => Agreement::Same,
            (Some(Found::Alias(..)), _) => Agreement::Aliasing,
            (Some(_), Some(_)) => Agreement::Broken,
            (Some(_), None) => Agreement::Differs,
        };
        let mut notes = Vec::new();
        notes.extend(broken);
        if let Some((site, at)) = compared.first_read {
            let place = self.sites[0].get(site as usize).map(|site| self.place(0, *site, None));
            let place = place.map_or(String::new(), |place| {
                format!(", first at {} in {}", place.at, function(&place.name, place.func))
            });
            notes.push(format!(
                "other functions read popped cells {} times{place} (address {at:#x})",
                compared.read
            ));
        }
        if let Some(at) = compared.spread {
            notes.push(format!("memory differs at the end, first at {at:#x}"));
        }
        let ended = |side: usize| self.ends[side].map(|end| printable(&end.text));
        let Compared { events, activations, fallbacks, .. } = *compared;
        let (generic_ended, specialized_ended) = (ended(0), ended(1));
        #[rustfmt::skip]
        let report = LockstepReport {
            agreement, first, activations, fallbacks, events, generic_ended, specialized_ended, notes,
        };
        report
    }

    /// A specialised value that was not in its range, if the specialised function has trapped.
    fn broken(&self, compared: &Compared) -> Option<String> {
        let trapped = self.ends[1].is_some_and(|end| end.text.starts_with("trapped"));
        let (site, [value, low, high]) = compared.frame.as_ref()?.outside.filter(|_| trapped)?;
        let site = self.sites[0].get(site as usize)?;
        let place = self.place(0, *site, None);
        Some(format!(
            "the program promised that the value at {} lies in {} to {}, and it is {}",
            place.at, low as u32, high as u32, value as u32
        ))
    }

    fn finding(&self, found: &Found, compared: &Compared) -> Finding {
        let event = |side: usize, event: Option<Event>| match event {
            Some(event) => {
                let site = self.sites[side].get(event.site as usize)?;
                Some(self.place(side, *site, Some(event)))
            }
            None => self.stopped(side),
        };
        let touched = |side: usize, number: u32| {
            let site = self.sites[side].get(number as usize)?;
            Some(self.place(side, *site, None))
        };
        let (what, generic, specialized, cell) = match *found {
            Found::Event(a, b) => {
                let what = "the specialised function does something else";
                (what.to_owned(), event(0, a), event(1, b), None)
            }
            Found::Unstored(Unstored { cell, of, values: [x, y] }, a, b) => {
                let what = format!(
                    "the cell at {cell:#x} is not stored: {x:#x} in the generic function's memory, \
                     {y:#x} in the specialised one's"
                );
                (what, event(0, a), event(1, b), touched(0, of))
            }
            Found::Alias(Alias { site, address, cell, of, is_dead }, _, b) => {
                let state = match is_dead {
                    true => "which was popped and never stored",
                    false => "whose store is put off",
                };
                let what =
                    format!("an access at {address:#x} touches the cell at {cell:#x}, {state}");
                (what, touched(0, site), event(1, b), touched(0, of))
            }
            Found::Ends => {
                let what = "the runs end differently".to_owned();
                (what, self.stopped(0), self.stopped(1), None)
            }
            Found::Memory(at) => {
                (format!("memory differs at the end, at {at:#x}"), None, None, None)
            }
        };
        let frame = compared.frame.clone().unwrap_or_default();
        let own = self.lockstep.compiled.get(frame.number).filter(|_| frame.id > 0);
        let function = own.map_or(String::new(), |own| self.pair(own));
        let before = compared.before.iter().filter_map(|(_, b)| event(1, Some(*b))).collect();
        let (counters, activation) = (frame.contexts, frame.id);
        let made = [0, 1].map(|side| event(side, Some(compared.made[side]?)));
        Finding { what, generic, specialized, function, counters, activation, made, cell, before }
    }

    /// A specialised function and the one that it was made of.
    fn pair(&self, own: &Compiled) -> String {
        let name = |module, func: FuncIdx| function(&named(module, func), func.0);
        let (made, of) = (name(self.specialized, own.func), own.generic);
        format!("{made}, made of {}", name(self.lockstep.generic, of))
    }

    /// Where a side has stopped.
    fn stopped(&self, side: usize) -> Option<Place> {
        let end = self.ends[side]?;
        let spot = end.frames.first()?;
        Some(self.of(*spot, printable(&end.text)))
    }

    fn of(&self, spot: Spot, event: String) -> Place {
        let Spot { func, is_generic, offset } = spot;
        let module = if is_generic { self.lockstep.generic } else { self.specialized };
        let at = match is_generic {
            true => (self.lockstep.place)(func, offset),
            false => format!("{offset:#x}"),
        };
        Place { func: func.0, name: named(module, func), offset, at: printable(&at), event }
    }

    fn place(&self, side: usize, site: Site, event: Option<Event>) -> Place {
        let Site { func, is_generic, offset, .. } = site;
        let text = match event {
            Some(event) => self.words(site, event),
            None => self.operator(side, site),
        };
        self.of(Spot { func, is_generic, offset }, text)
    }

    /// The operator of a site, with the function that it calls.
    fn operator(&self, side: usize, site: Site) -> String {
        let Site { what, opcode, is_generic, func, offset, .. } = site;
        let module = if is_generic { self.lockstep.generic } else { self.specialized };
        let own = crate::trace::operator_at(module, func, offset);
        match what {
            What::Enter => "entry".to_owned(),
            What::Return => "return".to_owned(),
            // The entry, which calls the generic function.
            What::Call | What::Called if side == 0 && opcode == prova_module::Opcode::Nop => {
                format!("call {}", named(self.specialized, FuncIdx(site.of as u32)))
            }
            What::Call
            | What::Called
            | What::TailCall
            | What::Throw
            | What::Store
            | What::GlobalSet
            | What::Effect
            | What::Load
            | What::Intrinsic(_)
            | What::OuterLoad
            | What::OuterStore
            | What::OuterEffect
            | What::Value => own.unwrap_or_else(|| opcode.mnemonic().to_owned()),
        }
    }

    /// An event in words.
    fn words(&self, site: Site, event: Event) -> String {
        let side = usize::from(!site.is_generic);
        let operator = self.operator(side, site);
        let words = event.words.get(..usize::from(site.count)).unwrap_or_default();
        let all: Vec<String> = words.iter().map(|word| format!("{word:#x}")).collect();
        let joined = if all.is_empty() { "nothing".to_owned() } else { all.join(", ") };
        let more = if site.nth > 0 { "and " } else { "" };
        match (site.what, words) {
            (What::Store | What::Load, [address, value, ..]) => {
                format!("{operator}: {value:#x} at {address:#x}")
            }
            (What::Enter, _) => format!("entered with {more}{joined}"),
            (What::Return, _) => format!("returns {more}{joined}"),
            (What::Call | What::TailCall | What::Throw, _) => {
                format!("{operator} with {more}{joined}")
            }
            (What::Called, _) => format!("{operator} has returned {more}{joined}"),
            _other => format!("{operator}: {more}{joined}"),
        }
    }
}

impl LockstepReport {
    /// Exit code of a comparing command: 0 for no difference, 1 for one.
    pub fn exit_code(&self) -> i32 {
        i32::from(self.agreement != Agreement::Same)
    }

    /// The report as text.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        if let Some(first) = &self.first {
            let title = match self.agreement {
                Agreement::Aliasing => "aliasing",
                Agreement::Broken => "a broken promise",
                Agreement::Same | Agreement::Differs => "first difference",
            };
            let _ = writeln!(text, "{title}: {}", first.what);
            first.write(&mut text);
        } else {
            let _ = writeln!(text, "no difference in {}", counted(self.events, "event"));
        }
        let _ = writeln!(
            text,
            "\n{} of specialised functions, {} of which called the generic one",
            counted(self.activations, "activation"),
            self.fallbacks
        );
        let ends = [("generic", &self.generic_ended), ("specialised", &self.specialized_ended)];
        for (name, end) in ends {
            let _ = writeln!(text, "  {name:<11}  {}", end.as_deref().unwrap_or("was stopped"));
        }
        for note in &self.notes {
            let _ = writeln!(text, "note: {note}");
        }
        text
    }

    /// The report as JSON.
    ///
    /// # Errors
    /// If it cannot be encoded; no such report is known.
    pub fn to_json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)?)
    }
}

impl Finding {
    fn write(&self, text: &mut String) {
        // Writing to a string does not fail.
        if !self.function.is_empty() {
            let counters: Vec<String> = self.counters.iter().map(ToString::to_string).collect();
            let counters = match counters.is_empty() {
                true => String::new(),
                false => format!(", at program counter {}", counters.join(" / ")),
            };
            let Finding { function, activation, .. } = self;
            let _ = writeln!(text, "in {function}; activation {activation}{counters}");
        }
        text.push('\n');
        let line = |text: &mut String, mark: &str, side: &str, place: &Place| {
            let Place { at, event, func, name, .. } = place;
            let own = function(name, *func);
            let _ = writeln!(text, "{mark} {side:<11}  {at}  {event}  in {own}");
        };
        for place in &self.before {
            line(text, " ", "both", place);
        }
        for (side, place) in [("generic", &self.generic), ("specialised", &self.specialized)] {
            if let Some(place) = place {
                line(text, "→", side, place);
            }
        }
        for (side, made) in ["generic", "specialised"].into_iter().zip(&self.made) {
            if let Some(place) = made {
                line(text, "←", side, place);
            }
        }
        if let Some(cell) = &self.cell {
            line(text, " ", "the cell", cell);
        }
    }
}
