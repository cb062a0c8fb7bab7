//! A record → the functions that a module imports, which give the recorded answers.
//!
//! A program that asks for another call than the next recorded one is stopped with [`OtherCall`],
//! which says where.
//!
//! 1. A call is compared by name and by its arguments before anything is written; of another build
//!    than the recorded one without addresses, and what the host wrote goes to where that build
//!    wants it (`relocate`).
//! 2. A write outside of the memory stops the program: a record is untrusted.

use super::record::{Answer, Call, Calls, Record};
use super::relocate;
use prova_core::wasi::{I32Exit, WASI_MODULE};
use prova_core::{Caller, Error, ExternType, Linker, Module, Result, Trap, V128, Val};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// Why a program stops where an answer lacks a result.
pub(super) const TOO_FEW: &str = "the record has too few results";

/// Where a replay stands.
#[derive(Clone, Debug)]
pub(crate) struct Replay {
    record: Arc<Record>,
    /// The names of the functions that the recorded module imports.
    imports: Arc<[(String, String)]>,
    calls: Calls,
    /// Calls answered so far.
    answered: u64,
    /// The program is another build: its addresses are its own.
    moved: bool,
}

/// A program asked for another call than the recorded one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherCall {
    /// Its number among the calls of the host, from 1.
    pub number: u64,
    /// The call that it asked for.
    pub asked: String,
    /// The recorded call; `None` if nothing more was recorded.
    pub recorded: Option<String>,
}

impl fmt::Display for OtherCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let OtherCall { number, asked, recorded } = self;
        write!(f, "call {number} of the host is {asked}, ")?;
        match recorded {
            Some(recorded) => write!(f, "but {recorded} was recorded"),
            None => f.write_str("but no further call was recorded"),
        }
    }
}

impl std::error::Error for OtherCall {}

/// Something that has a replay.
pub(crate) trait Replays: 'static {
    /// The replay.
    fn replay(&mut self) -> &mut Replay;

    /// Called after the host has written `_bytes` bytes to memory at `_start`.
    fn wrote(&mut self, _start: u64, _bytes: usize) {}
}

impl Replay {
    /// A replay from the start, for the recorded module or (`moved`) for another build.
    pub(crate) fn new(
        record: Arc<Record>,
        imports: Arc<[(String, String)]>,
        moved: bool,
    ) -> Replay {
        let calls = record.iter();
        Replay { record, imports, calls, answered: 0, moved }
    }

    /// How many calls were answered.
    pub(crate) fn answered(&self) -> u64 {
        self.answered
    }

    /// The recorded call, if it is the next one.
    fn next(&mut self, name: (&str, &str), args: &[u64]) -> Result<Call, OtherCall> {
        let recorded = self.calls.next();
        let own = |call: &Call| self.imports.get(call.import as usize);
        let same = |call: &Call| {
            let relocated = self.moved && name.0 == WASI_MODULE;
            let alike = match relocated {
                true => relocate::same(name.1, &call.args, args),
                false => call.args == args,
            };
            alike && own(call).is_some_and(|own| (own.0.as_str(), own.1.as_str()) == name)
        };
        match recorded {
            Some(call) if same(&call) => {
                self.answered += 1;
                Ok(call)
            }
            other => Err(OtherCall {
                number: self.answered + 1,
                asked: shown(name, args),
                recorded: other.map(|call| call_shown(&self.imports, &call)),
            }),
        }
    }
}

/// A recorded call as text.
pub(super) fn call_shown(imports: &[(String, String)], call: &Call) -> String {
    match imports.get(call.import as usize) {
        Some((module, name)) => shown((module, name), &call.args),
        None => format!("a call of import {}", call.import),
    }
}

/// A call as text.
pub(super) fn shown((module, name): (&str, &str), args: &[u64]) -> String {
    let args: Vec<String> = args.iter().map(|arg| format!("{arg:#x}")).collect();
    let full = match module {
        WASI_MODULE => name.to_owned(),
        _ => format!("{module}::{name}"),
    };
    prova_builds::names::printable(&format!("{full}({})", args.join(", ")))
}

/// A value as cells: a v128 has two; the cell of a reference says only whether it is null.
pub(super) fn cells_of(val: &Val, cells: &mut Vec<u64>) {
    match val {
        Val::I32(value) => cells.push(u64::from(*value as u32)),
        Val::I64(value) => cells.push(*value as u64),
        Val::F32(bits) => cells.push(u64::from(*bits)),
        Val::F64(bits) => cells.push(*bits),
        Val::V128(value) => {
            let bits = value.as_u128();
            cells.extend([bits as u64, (bits >> 64) as u64]);
        }
        Val::FuncRef(None) | Val::ExternRef(None) | Val::ExnRef(None) | Val::AnyRef(None) => {
            cells.push(0);
        }
        Val::FuncRef(Some(_))
        | Val::ExternRef(Some(_))
        | Val::ExnRef(Some(_))
        | Val::AnyRef(Some(_)) => cells.push(1),
    }
}

/// Defines every function that a module imports, except those of `except`, as one that replays.
pub(crate) fn link<T: Replays>(
    linker: &mut Linker<T>,
    module: &Module,
    except: &str,
) -> Result<()> {
    linker.allow_shadowing(true);
    for import in module.imports() {
        let ExternType::Func(ty) = import.ty() else { continue };
        if import.module() == except {
            continue;
        }
        let name = (import.module().to_owned(), import.name().to_owned());
        let answer = move |caller: Caller<'_, T>, params: &[Val], results: &mut [Val]| {
            answer(caller, (&name.0, &name.1), params, results)
        };
        linker.func_new(import.module(), import.name(), ty, answer)?;
    }
    Ok(())
}

fn answer<T: Replays>(
    mut caller: Caller<'_, T>,
    name: (&str, &str),
    params: &[Val],
    results: &mut [Val],
) -> Result<()> {
    let mut args = Vec::new();
    params.iter().for_each(|param| cells_of(param, &mut args));
    let call = caller.data_mut().replay().next(name, &args)?;
    let Replay { record, moved, .. } = caller.data_mut().replay();
    let (record, moved) = (record.clone(), *moved);
    let memory = caller.get_export("memory").and_then(prova_core::Extern::into_memory);
    let mut writes: Vec<(u64, Cow<'_, [u8]>)> =
        record.writes(&call).map(|(start, bytes)| (start, bytes.into())).collect();
    if moved && name.0 == WASI_MODULE {
        let all = writes.into_iter().map(|(start, bytes)| (start, bytes.into_owned())).collect();
        let bytes = memory.map_or(&[][..], |memory| memory.data(&caller));
        let all = relocate::moved(name.1, (&call.args, &args), bytes, all);
        writes = all.into_iter().map(|(start, bytes)| (start, bytes.into())).collect();
    }
    for (start, bytes) in writes {
        let written = usize::try_from(start).ok().zip(memory);
        let written = written.map(|(at, memory)| memory.write(&mut caller, at, &bytes));
        if !matches!(written, Some(Ok(()))) {
            let what = format!("the record writes {} bytes at {start:#x}", bytes.len());
            return Err(Error::new(Trap::Aborted).context(what + ", outside of the memory"));
        }
        caller.data_mut().wrote(start, bytes.len());
    }
    match call.answer {
        Answer::Returned(cells) => give(results, &cells),
        Answer::Exited(code) => Err(Error::new(I32Exit(code as i32))),
        Answer::Stopped(reason) => {
            Err(Error::new(Trap::Aborted).context(prova_builds::names::printable(&reason)))
        }
    }
}

/// Makes values of recorded cells; a reference comes back as null.
fn give(results: &mut [Val], cells: &[u64]) -> Result<()> {
    let mut cells = cells.iter().copied();
    for result in results {
        let Some(cell) = cells.next() else {
            return Err(Error::new(Trap::Aborted).context(TOO_FEW));
        };
        match result {
            Val::I32(value) => *value = cell as i32,
            Val::I64(value) => *value = cell as i64,
            Val::F32(bits) => *bits = cell as u32,
            Val::F64(bits) => *bits = cell,
            Val::V128(value) => {
                let high = cells.next().unwrap_or_default();
                *value = V128::from(u128::from(cell) | u128::from(high) << 64);
            }
            Val::FuncRef(_) | Val::ExternRef(_) | Val::ExnRef(_) | Val::AnyRef(_) => {}
        }
    }
    Ok(())
}
