//! Bytes of a log → events: a dump begins, a function in it begins, a line, it ends.
//!
//! [`header`](super::header) knows the forms of headers.
//!
//! A dump goes from its header to the next one; machine code ends with its own last line, so what
//! the compiler's driver prints in between is left out. In a dump of a module each `define` opens a
//! function and `}` closes it.
//!
//! 1. Memory is one buffer of [`PIECE_BYTES_MAX`]: a longer line comes in pieces, cut at places
//!    that depend on the line alone.
//! 2. A header inside a function, or in the midst of a line, means that several threads printed at
//!    once: that log cannot be read, and the error names the line and the remedy.
//! 3. With `-print-module-scope` the dump of a function shows the whole module; of it only that
//!    function is handed on, so such a log reads like one without.
//! 4. A legacy dump of a loop names no function: it is counted to the function of the dump before
//!    it, whose pass manager runs it.
//!
//! `tests/passes.rs` has interleaved logs, logs cut anywhere, and long lines.

use super::header::{self, HEADER_BYTES_MAX, Header, Mark};
use anyhow::{Context, Result, bail};
use memchr::memchr;
use std::borrow::Cow;
use std::io::Read;
use std::ops::ControlFlow;

/// The longest piece in which a line is handed on, bytes.
pub const PIECE_BYTES_MAX: usize = 256 * 1024;

/// The name of the call graph's node for callers outside the module, which legacy passes over the
/// graph print as a null function.
pub(crate) const OUTSIDE: &[u8] = b"[outside]";

/// Where a dump's header stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Place {
    /// The number of the dump in its log, from 0.
    pub dump: u64,
    /// The offset of the header in the uncompressed log, bytes.
    pub at: u64,
    /// The line of the header, from 1.
    pub line: u64,
}

/// The next event of a log.
pub(crate) enum Event<'a> {
    /// A dump begins. `split`: its functions are parts of a whole.
    Dump { place: Place, header: Header<'a>, split: bool },
    /// The dump turns out to be one of a whole module.
    Split,
    /// The lines from here on are of this function.
    Enter(Cow<'a, [u8]>),
    /// The lines from here on are of the module.
    Leave,
    /// A line of the body without its end, or a piece of one; `number` is the line's in the log,
    /// from 1.
    Line { bytes: &'a [u8], starts: bool, number: u64 },
    /// The dump is over.
    End,
}

/// Who listens; breaking ends the scan.
pub(crate) trait Visitor {
    fn event(&mut self, event: Event<'_>) -> Result<ControlFlow<()>>;
}

/// How a log ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Ending {
    /// How many dumps there were.
    pub dumps: u64,
    /// The length of the uncompressed text, bytes.
    pub bytes: u64,
    /// The text ended inside a line or a function.
    pub cut: bool,
}

/// Reads to the end, or until the visitor breaks. `from` is where the input stands.
pub(crate) fn scan(
    input: &mut impl Read,
    from: Place,
    visitor: &mut impl Visitor,
) -> Result<Ending> {
    let mut scan = Scan { visitor, next: from, state: State::default(), cut: false };
    let mut buffer = vec![0; PIECE_BYTES_MAX];
    let (mut begin, mut end, mut starts) = (0, 0, true);
    loop {
        while let Some(length) = memchr(b'\n', &buffer[begin..end]) {
            let line = &buffer[begin..begin + length];
            if scan.piece(line, starts, true)?.is_break() {
                return Ok(scan.ending());
            }
            scan.next.at += length as u64 + 1;
            begin += length + 1;
            starts = true;
        }
        buffer.copy_within(begin..end, 0);
        (begin, end) = (0, end - begin);
        if end == buffer.len() {
            let cut = piece_end(&buffer);
            if scan.piece(&buffer[..cut], starts, false)?.is_break() {
                return Ok(scan.ending());
            }
            scan.next.at += cut as u64;
            (begin, starts) = (cut, false);
            continue;
        }
        let read = input.read(&mut buffer[end..]).context("failed to read on")?;
        if read == 0 {
            break;
        }
        end += read;
    }
    if end > begin || !starts {
        scan.cut = true;
        scan.next.at += (end - begin) as u64;
        if scan.piece(&buffer[begin..end], starts, true)?.is_break() {
            return Ok(scan.ending());
        }
    }
    scan.finish()?;
    Ok(scan.ending())
}

struct Scan<'v, V> {
    visitor: &'v mut V,
    /// Number, offset and line that the next dump would have, if the next line were its header.
    next: Place,
    state: State,
    cut: bool,
}

#[derive(Default)]
struct State {
    unit: Unit,
    /// Inside the braces of a function, or in machine code.
    inside: bool,
    /// The rest of the current line is left out.
    skipping: bool,
    /// The function that the header names, while its first line has not come.
    named: Option<Vec<u8>>,
    /// The function of a dump that shows its whole module.
    scope: Option<Vec<u8>>,
    /// Inside the braces of another function than that one.
    beside: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Unit {
    /// No dump is open.
    #[default]
    None,
    /// The first line will tell.
    Unknown,
    Module,
    Function,
    Machine,
    /// After the end of machine code.
    Over,
}

impl<V: Visitor> Scan<'_, V> {
    fn ending(&self) -> Ending {
        Ending { dumps: self.next.dump, bytes: self.next.at, cut: self.cut }
    }

    fn finish(&mut self) -> Result<()> {
        if self.state.unit != Unit::None {
            self.cut |= self.state.inside;
            // The log is over either way.
            let _ = self.visitor.event(Event::End)?;
        }
        Ok(())
    }

    fn piece(&mut self, line: &[u8], starts: bool, ends: bool) -> Result<ControlFlow<()>> {
        let mut flow = ControlFlow::Continue(());
        if starts
            && ends
            && line.len() <= HEADER_BYTES_MAX
            && b"*;#".contains(line.first().unwrap_or(&0))
        {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if let Some(header) = header::parse(line) {
                flow = self.header(header)?;
                self.next.line += 1;
                return Ok(flow);
            }
        }
        // In the last line of a cut log, a header may just lack its end.
        if line.len() >= 12 && !self.cut && has_stars(line) && header::torn(line) {
            return self.interleaved("stands in the midst of a line");
        }
        if starts {
            self.state.skipping = false;
            flow = self.line_begins(line)?;
        }
        if flow.is_continue()
            && !self.state.skipping
            && !matches!(self.state.unit, Unit::None | Unit::Over)
        {
            flow =
                self.visitor.event(Event::Line { bytes: line, starts, number: self.next.line })?;
            if starts && flow.is_continue() {
                flow = self.line_ends(line)?;
            }
        }
        self.next.line += u64::from(ends);
        Ok(flow)
    }

    fn header(&mut self, header: Header<'_>) -> Result<ControlFlow<()>> {
        if self.state.inside {
            return self.interleaved("comes before the dump in front of it has ended");
        }
        if self.state.unit != Unit::None && self.visitor.event(Event::End)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        let unit = match header.unit {
            _ if header.mark != Mark::Body => Unit::Over,
            _ if header.machine => Unit::Machine,
            Some(b"[module]") => Unit::Module,
            Some(_) => Unit::Function,
            None => Unit::Unknown,
        };
        let named = header.unit.filter(|unit| {
            self_contained(unit) && matches!(header.mark, Mark::Body) && !header.machine
        });
        self.state = State { unit, named: named.map(<[u8]>::to_vec), ..State::default() };
        let rest = header.rest;
        let event = Event::Dump { place: self.next, header, split: unit == Unit::Module };
        let flow = self.visitor.event(event)?;
        self.next.dump += 1;
        if rest.is_empty() || flow.is_break() {
            return Ok(flow);
        }
        if self.line_begins(rest)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        self.visitor.event(Event::Line { bytes: rest, starts: true, number: self.next.line })
    }

    /// Handles the state changes that come before the line is handed on.
    fn line_begins(&mut self, line: &[u8]) -> Result<ControlFlow<()>> {
        let go_on = Ok(ControlFlow::Continue(()));
        match self.state.unit {
            Unit::None | Unit::Over => return go_on,
            Unit::Machine => {
                if let Some(named) = line.strip_prefix(b"# Machine code for function ") {
                    let name = named.split(|&byte| byte == b':').next().unwrap_or(named);
                    self.state.inside = true;
                    return self.visitor.event(Event::Enter(name.into()));
                }
                return go_on;
            }
            Unit::Unknown if line.trim_ascii().is_empty() => return go_on,
            Unit::Unknown => {
                let module = begins_module(line);
                self.state.unit = if module { Unit::Module } else { Unit::Function };
                if module && self.visitor.event(Event::Split)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            Unit::Function if self.state.scope.is_some() => return self.in_scope(line),
            Unit::Function if !line.trim_ascii().is_empty() => {
                let named = self.state.named.take();
                if begins_module(line) && named.is_some() {
                    self.state.scope = named;
                    return self.in_scope(line);
                }
            }
            Unit::Module | Unit::Function => {}
        }
        if self.state.inside {
            return go_on;
        }
        if driver(line) {
            self.state.skipping = true;
            return go_on;
        }
        if self.state.unit == Unit::Function && line.starts_with(b"Printing <null> Function") {
            return self.visitor.event(Event::Enter(OUTSIDE.into()));
        }
        match defined(line) {
            Some(name) => {
                self.state.inside = true;
                self.visitor.event(Event::Enter(name))
            }
            None => go_on,
        }
    }

    /// A line of a module that is shown for one function of it: all others are left out.
    fn in_scope(&mut self, line: &[u8]) -> Result<ControlFlow<()>> {
        let go_on = Ok(ControlFlow::Continue(()));
        if self.state.inside && !self.state.beside {
            return go_on;
        }
        self.state.skipping = true;
        if self.state.beside {
            self.state.beside = !line.starts_with(b"}");
            self.state.inside = self.state.beside;
            return go_on;
        }
        let Some(name) = defined(line) else { return go_on };
        self.state.inside = true;
        self.state.beside = self.state.scope.as_deref() != Some(name.as_ref());
        if self.state.beside {
            return go_on;
        }
        self.state.skipping = false;
        self.visitor.event(Event::Enter(name))
    }

    /// Handles the state changes after the line that was handed on.
    fn line_ends(&mut self, line: &[u8]) -> Result<ControlFlow<()>> {
        match self.state.unit {
            Unit::Machine if line.starts_with(b"# End machine code for function") => {
                self.state.inside = false;
                self.state.unit = Unit::Over;
            }
            Unit::Module if self.state.inside && line.starts_with(b"}") => {
                self.state.inside = false;
                return self.visitor.event(Event::Leave);
            }
            Unit::Function if self.state.inside && line.starts_with(b"}") => {
                self.state.inside = false;
                if self.state.scope.is_some() {
                    self.state.unit = Unit::Over;
                }
            }
            _ => {}
        }
        Ok(ControlFlow::Continue(()))
    }

    fn interleaved(&self, how: &str) -> Result<ControlFlow<()>> {
        bail!(
            "line {}: the header of a dump {how}: several threads of the compiler have written this log at once; make it again with one \
             thread (`-Ccodegen-units=1`, or `-Zno-parallel-backend`; `-j1` for make)",
            self.next.line
        )
    }
}

/// Whether a unit that a header names is one function, neither a module nor a list.
fn self_contained(unit: &[u8]) -> bool {
    !unit.starts_with(b"[") && !unit.starts_with(b"(")
}

/// The first line of a module, in any form.
fn begins_module(line: &[u8]) -> bool {
    let words: [&[u8]; 3] = [b"; ModuleID", b"source_filename", b"target "];
    words.iter().any(|word| line.starts_with(word))
}

/// A line of Cargo between two dumps.
fn driver(line: &[u8]) -> bool {
    const WORDS: [&[u8]; 5] = [b"Compiling ", b"Finished ", b"Running ", b"Building ", b"Fresh "];
    line.starts_with(b"   ") && WORDS.iter().any(|word| line.trim_ascii_start().starts_with(word))
}

/// The function that a line of LLVM IR begins.
fn defined(line: &[u8]) -> Option<Cow<'_, [u8]>> {
    let line = line.strip_prefix(b"define ")?;
    let mut at = 0;
    while *line.get(at)? != b'@' {
        if line[at] == b'"' {
            at += 1 + memchr(b'"', &line[at + 1..])?;
        }
        at += 1;
    }
    let name = &line[at + 1..];
    match name.strip_prefix(b"\"") {
        Some(quoted) => Some(unescaped(&quoted[..memchr(b'"', quoted)?])),
        None => Some(name.split(|&byte| byte == b'(').next().unwrap_or(name).into()),
    }
}

/// A quoted name without its `\xx`.
fn unescaped(name: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'\\', name).is_none() {
        return name.into();
    }
    let digit = |at: usize| name.get(at).and_then(|&byte| (byte as char).to_digit(16));
    let (mut out, mut at) = (Vec::with_capacity(name.len()), 0);
    while at < name.len() {
        match (name[at], digit(at + 1), digit(at + 2)) {
            (b'\\', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            (byte, ..) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    out.into()
}

/// Where a piece of a line longer than the buffer ends: after a space or comma near its end, so
/// that no name is cut.
fn piece_end(buffer: &[u8]) -> usize {
    let near = buffer.len() - buffer.len() / 8;
    buffer[near..]
        .iter()
        .rposition(|&byte| byte == b' ' || byte == b',')
        .map_or(buffer.len(), |at| near + at + 1)
}

fn has_stars(line: &[u8]) -> bool {
    let mut from = 0;
    while let Some(at) = memchr(b'*', &line[from..]) {
        if line[from + at..].starts_with(b"*** IR ") {
            return true;
        }
        from += at + 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_definition_is_found() {
        let name = |line: &'static str| {
            defined(line.as_bytes()).map(|name| String::from_utf8_lossy(&name).into_owned())
        };
        assert_eq!(name("define hidden i32 @run(i32, i32) #0 {").as_deref(), Some("run"));
        assert_eq!(name("define %\"a@b\"* @\"x\\22 (y\"(i32)").as_deref(), Some("x\" (y"));
        assert_eq!(name("declare i32 @step(i32)"), None);
        assert_eq!(name("define i32"), None);
    }
}
