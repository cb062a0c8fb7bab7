//! Events of a log → [`Part`]s: for each dump and function, two digests and where they come from.
//!
//! [`compare`](super::compare) takes the parts as they come. No text is kept but the names of
//! passes and functions, up to [`NAME_BYTES_MAX`]; later names are told apart by their digests and
//! shown as such.
//!
//! A dump of a module gives a part for each function and one for the rest, named [`MODULE`]; a dump
//! of a function gives one. `tests/passes.rs` counts and compares parts of logs in every format.

use super::hash::{self, Digest, Hash};
use super::header::{Header, Kind, Mark};
use super::scan::{Ending, Event, Place, Visitor, scan};
use super::structure::{self, Structure};
use anyhow::Result;
use std::collections::HashMap;
use std::io::Read;
use std::ops::ControlFlow;

/// The name of what belongs to no function.
pub const MODULE: &str = "[module]";

/// The name of a function that the log does not tell.
pub const UNNAMED: &str = "[unnamed]";

/// Names beyond this many bytes for one log are not kept.
pub const NAME_BYTES_MAX: usize = 16 << 20;

/// Maximum number of bytes of a name that are kept for printing.
pub const NAME_SHOWN_BYTES_MAX: usize = 512;

/// The record of one function in one dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Where the dump's header stands.
    pub place: Place,
    /// The digest of the pass's name and of when the dump was made.
    pub pass: u64,
    /// The digest of the function's name.
    pub function: u64,
    /// The digest of the text.
    pub text: [u64; 2],
    /// The digest of the structure.
    pub structure: u64,
    /// The form of the body.
    pub form: Form,
}

/// The form in which a dump shows a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Nothing: the log only says that nothing changed, or that nothing is printed.
    Nothing,
    /// LLVM's intermediate representation.
    Ir,
    /// Machine code, which passes work on once it is made. Later dumps of the whole module still
    /// show the intermediate representation that it was made from.
    Machine,
}

/// Digests of names → names.
#[derive(Clone, Debug, Default)]
pub struct Names {
    names: HashMap<u64, Box<str>>,
    bytes: usize,
}

impl Names {
    /// The name, or its digest if it was not kept.
    pub fn of(&self, name: u64) -> String {
        self.names.get(&name).map_or_else(|| format!("[name {name:016x}]"), ToString::to_string)
    }

    pub(crate) fn enter(&mut self, key: u64, name: &[u8]) {
        if self.names.contains_key(&key) {
            return;
        }
        let shown = &name[..name.len().min(NAME_SHOWN_BYTES_MAX)];
        self.bytes += shown.len() + 48;
        if self.bytes <= NAME_BYTES_MAX {
            self.names.insert(key, String::from_utf8_lossy(shown).into());
        }
    }

    /// Adds the names of another log.
    pub(crate) fn join(&mut self, other: Self) {
        for (key, name) in other.names {
            self.names.entry(key).or_insert(name);
        }
    }
}

/// Reads a log to its end and hands each part to `sink` until that breaks.
///
/// # Errors
/// If the log cannot be read, or several threads have written it.
pub fn record(
    input: &mut impl Read,
    sink: &mut dyn FnMut(Part) -> ControlFlow<()>,
) -> Result<(Names, Ending)> {
    let mut recorder = Recorder {
        sink,
        names: Names::default(),
        place: Place::default(),
        pass: 0,
        form: Form::Nothing,
        split: false,
        open: false,
        functions: 0,
        function: None,
        last: hash::of_name(UNNAMED.as_bytes()),
        inner: Digests::new(),
        rest: Digests::new(),
    };
    for name in [MODULE, UNNAMED] {
        recorder.names.enter(hash::of_name(name.as_bytes()), name.as_bytes());
    }
    let from = Place { dump: 0, at: 0, line: 1 };
    let ending = scan(input, from, &mut recorder)?;
    Ok((recorder.names, ending))
}

struct Recorder<'s> {
    sink: &'s mut dyn FnMut(Part) -> ControlFlow<()>,
    names: Names,
    place: Place,
    pass: u64,
    form: Form,
    /// The dump is of a module.
    split: bool,
    /// A function of a module is open.
    open: bool,
    /// How many functions this dump had.
    functions: usize,
    /// The function of a dump that is of one.
    function: Option<u64>,
    /// The function of the last dump that was of one.
    last: u64,
    /// Of the function.
    inner: Digests,
    /// Of what is outside functions in a module.
    rest: Digests,
}

struct Digests {
    text: Hash,
    structure: Structure,
}

impl Digests {
    fn new() -> Self {
        Self { text: Hash::default(), structure: Structure::new() }
    }

    fn clear(&mut self) {
        self.text = Hash::default();
        self.structure.clear();
    }

    #[inline]
    fn add(&mut self, bytes: &[u8], starts: bool) {
        // Addresses of the compiler's own memory are no text of the program.
        if structure::has_address(bytes) {
            self.text.add(&structure::without_addresses(bytes));
        } else {
            self.text.add(bytes);
        }
        self.structure.add(bytes, starts);
    }
}

impl Visitor for Recorder<'_> {
    fn event(&mut self, event: Event<'_>) -> Result<ControlFlow<()>> {
        match event {
            Event::Line { bytes, starts, number: _ } => {
                let digests =
                    if self.split && !self.open { &mut self.rest } else { &mut self.inner };
                digests.add(bytes, starts);
                Ok(ControlFlow::Continue(()))
            }
            Event::Dump { place, header, split } => {
                self.begin(place, &header, split);
                Ok(ControlFlow::Continue(()))
            }
            Event::Split => {
                self.split = true;
                Ok(ControlFlow::Continue(()))
            }
            Event::Enter(name) => Ok(self.enter(&name)),
            Event::Leave => Ok(self.leave()),
            Event::End => Ok(self.end()),
        }
    }
}

impl Recorder<'_> {
    fn begin(&mut self, place: Place, header: &Header<'_>, split: bool) {
        self.place = place;
        let label = label(header);
        self.pass = hash::of_name(&label);
        self.names.enter(self.pass, &label);
        self.form = match (header.mark, header.machine) {
            (Mark::Body, true) => Form::Machine,
            (Mark::Body, false) => Form::Ir,
            (Mark::Omitted | Mark::Filtered | Mark::Ignored | Mark::Invalidated, _) => {
                Form::Nothing
            }
        };
        self.split = split;
        self.open = false;
        self.functions = 0;
        self.inner.clear();
        self.rest.clear();
        let unit = header.unit.filter(|unit| !split && !unit.starts_with(b"("));
        self.function = unit.map(|unit| self.name(unit));
        let mark = match header.mark {
            Mark::Body => return,
            Mark::Omitted => b"omitted".as_slice(),
            Mark::Filtered => b"filtered",
            Mark::Ignored => b"ignored",
            Mark::Invalidated => b"invalidated",
        };
        self.inner.add(mark, true);
    }

    fn name(&mut self, name: &[u8]) -> u64 {
        let key = hash::of_name(name);
        self.names.enter(key, name);
        key
    }

    fn enter(&mut self, name: &[u8]) -> ControlFlow<()> {
        let name = self.name(name);
        let mut flow = ControlFlow::Continue(());
        if self.split {
            self.open = true;
            self.inner.clear();
        } else if self.functions > 0 {
            // The second function of a strongly connected component.
            flow = self.emit_function();
            self.inner.clear();
        }
        self.functions += 1;
        if self.split || self.functions > 1 || self.function.is_none() {
            self.function = Some(name);
        }
        flow
    }

    fn leave(&mut self) -> ControlFlow<()> {
        self.open = false;
        self.emit_function()
    }

    fn end(&mut self) -> ControlFlow<()> {
        if !self.split {
            return self.emit_function();
        }
        if self.open && self.leave().is_break() {
            return ControlFlow::Break(());
        }
        let part = self.part(hash::of_name(MODULE.as_bytes()), &self.rest);
        (self.sink)(part)
    }

    fn emit_function(&mut self) -> ControlFlow<()> {
        let function = self.function.unwrap_or(self.last);
        if !self.split {
            self.last = function;
        }
        let part = self.part(function, &self.inner);
        (self.sink)(part)
    }

    fn part(&self, function: u64, digests: &Digests) -> Part {
        let Digest(text) = digests.text.digest();
        let Digest(structure) = digests.structure.digest();
        Part {
            place: self.place,
            pass: self.pass,
            function,
            text: [(text >> 64) as u64, text as u64],
            structure: structure as u64,
            form: self.form,
        }
    }
}

/// The pass's name, and when the dump was made if not after it.
pub(crate) fn label(header: &Header<'_>) -> Vec<u8> {
    let when: &[u8] = match header.kind {
        Kind::After => b"",
        Kind::Before => b"before ",
        Kind::Start => b"(start)",
        Kind::Note => b"note on ",
        Kind::Deleted => b"deleted by ",
    };
    [when, header.pass].concat()
}
