//! The table of host functions: name, type, what it does.
//!
//! The names and types are those of the Polkadot specification (appendix B) and of the clients'
//! sources. A letter is a parameter or result: `i` is i32, `I` is i64. Where a function has more
//! than one version the versions differ in what they do, not only in their types, and each has its
//! row.

mod child;
mod crypto;
mod hashing;
mod misc;
mod offchain;
mod storage;

use crate::host::{Call, Host};
use prova_core::{Caller, Engine, FuncType, Linker, Result, Trap, Val, ValType, bail};

/// The code of a host function. Its arguments are words, an i32 extended with zeros; without a
/// result it returns 0.
type Run = fn(&mut Call<'_>, &[u64]) -> Result<u64>;

/// A host function.
pub(crate) struct Row {
    name: &'static str,
    params: &'static str,
    result: &'static str,
    run: Run,
}

/// A row of the table.
pub(crate) const fn row(
    name: &'static str,
    params: &'static str,
    result: &'static str,
    run: Run,
) -> Row {
    Row { name, params, result, run }
}

fn rows() -> impl Iterator<Item = &'static Row> {
    [storage::ROWS, child::ROWS, crypto::ROWS, hashing::ROWS, misc::ROWS, offchain::ROWS]
        .into_iter()
        .flatten()
}

/// The names of all host functions, in the order of the table.
pub fn names() -> impl Iterator<Item = &'static str> {
    rows().map(|row| row.name)
}

/// Defines all of them.
///
/// # Errors
/// If a name is defined already.
pub(crate) fn define(linker: &mut Linker<Host>) -> Result<()> {
    for row in rows() {
        let ty = row.ty(linker.engine());
        linker.func_new("env", row.name, ty, move |caller, args, results| {
            call(row, caller, args, results)
        })?;
    }
    Ok(())
}

/// The type of a function of this place among imports, if the host has it.
pub(crate) fn type_of(engine: &Engine, (module, name): (&str, &str)) -> Option<FuncType> {
    rows().find(|row| ("env", row.name) == (module, name)).map(|row| row.ty(engine))
}

impl Row {
    fn ty(&self, engine: &Engine) -> FuncType {
        FuncType::new(engine, self.params.chars().map(val_type), self.result.chars().map(val_type))
    }
}

fn val_type(letter: char) -> ValType {
    if letter == 'i' { ValType::I32 } else { ValType::I64 }
}

/// Runs a row's function and charges its work (H2).
fn call(
    row: &'static Row,
    mut caller: Caller<'_, Host>,
    args: &[Val],
    results: &mut [Val],
) -> Result<()> {
    let mut words = [0; 8];
    for (word, arg) in words.iter_mut().zip(args) {
        *word = match arg {
            Val::I32(value) => u64::from(*value as u32),
            Val::I64(value) => *value as u64,
            _ => bail!("a host function's parameters are integers"),
        };
    }
    let fuel = match caller.data().metered {
        true => Some(caller.get_fuel()?),
        false => None,
    };
    let Some(memory) = caller.data().memory else {
        bail!("`{}` was called before the runtime had its memory", row.name)
    };
    let (bytes, host) = memory.data_and_store_mut(&mut caller);
    *host.calls.entry(row.name).or_default() += 1;
    let mut call = Call { name: row.name, memory: bytes, host, fuel, work: 0 };
    let word = (row.run)(&mut call, &words[..args.len().min(8)])?;
    let work = call.work;
    if let Some(fuel) = fuel {
        let Some(left) = fuel.checked_sub(work) else {
            return Err(
                prova_core::Error::new(Trap::OutOfFuel).context(format!("in `{}`", row.name))
            );
        };
        caller.set_fuel(left)?;
    }
    match results {
        [] => {}
        [result] => {
            *result = match result {
                Val::I32(_) => Val::I32(word as i32),
                _ => Val::I64(word as i64),
            };
        }
        _ => bail!("a host function has at most one result"),
    }
    Ok(())
}
