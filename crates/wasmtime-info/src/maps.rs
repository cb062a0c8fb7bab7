//! The sections `.wasmtime.traps`, `.wasmtime.exceptions` and `.wasmtime.stackmap`: that Wasmtime
//! finds in them what `prova-wasmtime-layout` read of them, and nothing for code that is not there;
//! and `.wasmtime.addrmap`, as far as a backtrace would stop the host.
//!
//! - M1. Wasmtime's search finds each trap. It halves the list of blocks by where these begin, so a
//!   block that begins elsewhere, or an empty one, would hide others: a fault that is a trap to the
//!   check would then end the process.
//! - M2. A row of either section belongs to code with a name. Wasmtime looks up no other places, so
//!   such a row would mean nothing; it writes none.
//! - M3. Handlers of a call are a range of the list of handlers: each range begins where the one
//!   before ends, and the last one ends the list. Wasmtime cuts the list without asking.
//! - M4. The exceptions are there, if only as two zeros: Wasmtime's search for a handler stops the
//!   host if they are not.
//! - M5. Calls with handlers are in functions, and in trampolines into Wasm. The search for a
//!   handler walks the frames from the last call out of Wasm up to the one below the frame that the
//!   trampoline recorded for itself when it entered. So it never asks for a call of a trampoline
//!   that records its own frame; that it does is for the check of its code, as is where its own
//!   faults go.
//! - M6. A call of a trampoline has one handler, of everything, which is in the same trampoline.
//! - M7. Calls whose frame holds references are in functions. Which words those are is for the
//!   check of code: a collection may write there. Where a map is missing, an object that code still
//!   has may be collected; what it then finds there is in the heap all the same.
//! - M8. Each place of each function has a position in the Wasm, or the word that it has none. With
//!   debug assertions, Wasmtime's backtraces stop the host where one is missing; with checks for
//!   overflows where one lies before all code. Which position it is, is not compared.
//!
//! The kind of a trap, and the handlers of calls in functions, are for the check of code as well:
//! of code that nobody checks, nobody checks its rows.

use crate::error::Error;
use prova_wasmtime_layout::{Artifact, Symbol, SymbolKind};
use std::ops::Range;
use wasmtime_environ::{FilePos, iterate_address_map, lookup_file_pos, lookup_trap_code};

pub(crate) const TRAPS: &str = ".wasmtime.traps";
pub(crate) const STACK_MAPS: &str = ".wasmtime.stackmap";
pub(crate) const EXCEPTIONS: &str = ".wasmtime.exceptions";
pub(crate) const ADDRESSES: &str = ".wasmtime.addrmap";

/// The symbol whose code has a byte.
fn symbol_at<'s>(artifact: &'s Artifact<'_>, at: u32) -> Option<&'s Symbol> {
    let behind = artifact.symbols.partition_point(|symbol| symbol.start <= at);
    let symbol = artifact.symbols.get(behind.checked_sub(1)?)?;
    (at - symbol.start < symbol.len).then_some(symbol)
}

/// M1 and M2.
pub(crate) fn traps(artifact: &Artifact<'_>, data: &[u8]) -> Result<(), Error> {
    for row in artifact.traps() {
        let at = row.code_offset;
        if symbol_at(artifact, at).is_none() {
            return Err(Error::new(TRAPS, format!("a trap at {at:#x} of the text, in no code")));
        }
        // Of a trap without a kind there is no code that Wasmtime knows, or none with a rule.
        if row.kind != 0 && lookup_trap_code(data, at as usize).is_none() {
            let what = format!("the trap at {at:#x} of the text is not found by Wasmtime");
            return Err(Error::new(TRAPS, what));
        }
    }
    Ok(())
}

/// M2 and M7.
pub(crate) fn stack_maps(artifact: &Artifact<'_>) -> Result<(), Error> {
    for behind in artifact.mapped() {
        let symbol = behind.checked_sub(1).and_then(|at| symbol_at(artifact, at));
        if !symbol.is_some_and(|symbol| matches!(symbol.kind, SymbolKind::Func(_))) {
            let what = format!("a call before {behind:#x} of the text, in no function");
            return Err(Error::new(STACK_MAPS, what));
        }
    }
    Ok(())
}

/// M8, of a Wasm whose code begins there.
pub(crate) fn addresses(
    artifact: &Artifact<'_>,
    data: &[u8],
    code: Option<FilePos>,
) -> Result<(), Error> {
    if data.is_empty() {
        return Ok(());
    }
    let wrong = |what: String| Err(Error::new(ADDRESSES, what));
    let Some(rows) = iterate_address_map(data) else {
        return wrong("not as long as it says".to_owned());
    };
    let before = |pos: FilePos| {
        let begins = code.and_then(FilePos::file_offset);
        pos.file_offset().is_some_and(|at| begins.is_none_or(|begins| at < begins))
    };
    for (at, pos) in rows {
        if before(pos) {
            return wrong(format!("a position before all code, of {at:#x} of the text"));
        }
    }
    // A search finds the last block that begins before a place, and needs a row there.
    let words: Vec<u32> = data.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
    let blocks = words.get(1).map_or(0, |blocks| *blocks as usize);
    let index = words.get(2..).unwrap_or_default().as_chunks::<2>().0;
    let begins: Vec<u32> = index.iter().take(blocks).map(|[begin, _]| *begin).collect();
    if !begins.is_sorted_by(|one, next| one < next) {
        return wrong("blocks that are out of order".to_owned());
    }
    let funcs = artifact.symbols.iter().filter(|it| matches!(it.kind, SymbolKind::Func(_)));
    let mut places = funcs.map(|func| func.start).chain(begins);
    match places.find(|&at| lookup_file_pos(data, at as usize).is_none()) {
        Some(at) => wrong(format!("no position of {at:#x} of the text")),
        None => Ok(()),
    }
}

/// M2 to M5.
pub(crate) fn exceptions(artifact: &Artifact<'_>, data: &[u8]) -> Result<(), Error> {
    let wrong = |what: String| Error::new(EXCEPTIONS, what);
    let words: Vec<u32> = data.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
    let table = Table::of(&words).filter(|_| data.len().is_multiple_of(4));
    let table = table.ok_or_else(|| wrong("not as long as it says".to_owned()))?;
    // M3.
    let last = table.ranges.last().copied().unwrap_or(0);
    if !table.ranges.is_sorted() || last as usize != table.handlers.len() {
        return Err(wrong("ranges of handlers that are no cut of their list".to_owned()));
    }
    let mut from = 0;
    for (&behind, &to) in table.offsets.iter().zip(table.ranges) {
        let range = std::mem::replace(&mut from, to as usize)..to as usize;
        // M2.
        let symbol = behind.checked_sub(1).and_then(|at| symbol_at(artifact, at));
        let call = || format!("a call before {behind:#x} of the text");
        let symbol = symbol.ok_or_else(|| wrong(format!("{}, in no code", call())))?;
        if matches!(symbol.kind, SymbolKind::Func(_)) {
            continue;
        }
        // M5.
        if !ENTRIES.iter().any(|begin| symbol.name.starts_with(begin)) {
            return Err(wrong(format!("{}, which has no handler", call())));
        }
        // M6.
        let inside = |at: u32| at.checked_sub(symbol.start).is_some_and(|at| at < symbol.len);
        let handlers = table.handlers_in(range);
        if !matches!(handlers, Some(([NONE], [NONE], [at])) if inside(*at)) {
            return Err(wrong(format!("{}, which has another handler than its own", call())));
        }
    }
    Ok(())
}

/// No tag, or no context.
const NONE: u32 = u32::MAX;

/// The section's lists.
struct Table<'a> {
    /// Behind calls.
    offsets: &'a [u32],
    /// Where each call's handlers end in the next three.
    ranges: &'a [u32],
    tags: &'a [u32],
    contexts: &'a [u32],
    handlers: &'a [u32],
}

impl<'a> Table<'a> {
    fn of(words: &'a [u32]) -> Option<Table<'a>> {
        let [calls, handlers, rest @ ..] = words else {
            return None;
        };
        let (calls, handlers) = (*calls as usize, *handlers as usize);
        let (offsets, rest) = rest.split_at_checked(calls)?;
        let (_frames, rest) = rest.split_at_checked(calls)?;
        let (ranges, rest) = rest.split_at_checked(calls)?;
        let (tags, rest) = rest.split_at_checked(handlers)?;
        let (contexts, rest) = rest.split_at_checked(handlers)?;
        let all = Table { offsets, ranges, tags, contexts, handlers: rest };
        (rest.len() == handlers).then_some(all)
    }

    /// Tags, contexts and places of some handlers.
    fn handlers_in(&self, range: Range<usize>) -> Option<(&'a [u32], &'a [u32], &'a [u32])> {
        let (tags, contexts) = (self.tags.get(range.clone())?, self.contexts.get(range.clone())?);
        Some((tags, contexts, self.handlers.get(range)?))
    }
}

/// How names of trampolines into Wasm begin.
const ENTRIES: [&str; 2] = ["wasm[0]::array_to_wasm_trampoline[", "module_start[0]::Array"];
