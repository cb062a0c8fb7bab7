//! A module's memory → one that the host makes: imported, and without a maximum.
//!
//! Nodes rewrite a module before they compile it: an imported memory becomes the module's own, its
//! declared maximum is forgotten, and its minimum grows by the pages of heap (the *static*
//! strategy). So data segments may lie in the heap, and a maximum below the heap does no harm. How
//! many pages of heap there are is in the state, which a translated module must not depend on; so
//! here it is the other way round: a memory of the module's own becomes an imported one, which each
//! call makes with the pages it needs. A runtime observes no difference.
//!
//! Most runtimes import a memory without a maximum and are left as they are. Those that are
//! rewritten have their operators some bytes further on, which backtraces show.
//!
//! # Invariants
//! * R4. The input has passed validation; the output is validated again.

use crate::error::{Rule, broken};
use crate::metering::reader::{Reader, unsigned, vector};
use crate::metering::{Why, section, sections};
use prova_core::{ExternType, MemoryType, Module, Result};

/// The memory that runtimes import.
pub(crate) const IMPORT: (&str, &str) = ("env", "memory");

/// The pages that a module's memory has without any heap; and the module with that memory imported
/// and without a maximum, if it is not so already.
///
/// # Errors
/// [`Rule::Memory`].
pub(crate) fn import(module: &Module, wasm: &[u8]) -> Result<(u32, Option<Vec<u8>>)> {
    let refuse = |why: &str| broken("runtime", Rule::Memory(why.to_owned()));
    let pages = |ty: &MemoryType| {
        u32::try_from(ty.minimum()).map_err(|_| refuse("its memory has too many pages"))
    };
    let imported = module.imports().find_map(|import| match import.ty() {
        ExternType::Memory(ty) => Some(((import.module(), import.name()) == IMPORT, ty)),
        _ => None,
    });
    let ty = match imported {
        Some((false, _)) => return Err(refuse("it imports a memory that is not `env::memory`")),
        Some((true, ty)) if ty.maximum().is_none() => return Ok((pages(&ty)?, None)),
        Some((true, ty)) => ty,
        None => match module.get_export("memory") {
            Some(ExternType::Memory(ty)) => ty,
            _ => return Err(refuse("it neither imports `env::memory` nor exports `memory`")),
        },
    };
    let pages = pages(&ty)?;
    let rewritten = rewrite(wasm, pages).map_err(|why| refuse(&why))?;
    Ok((pages, Some(rewritten)))
}

/// The module whose one memory is imported.
fn rewrite(wasm: &[u8], pages: u32) -> Result<Vec<u8>, Why> {
    let mut out = wasm.get(..8).unwrap_or_default().to_vec();
    let mut section = |id: u8, content: &[u8]| {
        out.push(id);
        vector(&mut out, content);
    };
    let mut done = false;
    for (id, content) in sections(wasm)? {
        // Sections stand in the order of their numbers, except custom ones.
        if !done && id > section::IMPORT {
            section(section::IMPORT, &imports(&[0], pages)?);
            done = true;
        }
        match id {
            section::MEMORY => {}
            section::IMPORT => {
                section(id, &imports(content, pages)?);
                done = true;
            }
            _ => section(id, content),
        }
    }
    Ok(out)
}

/// The imports with the memory as the last one.
fn imports(content: &[u8], pages: u32) -> Result<Vec<u8>, Why> {
    let (mut count, mut kept) = (1, Vec::<u8>::new());
    Reader::new(content).each(|reader| {
        let before = reader.rest();
        let _place = (reader.vector()?, reader.vector()?);
        match reader.byte()? {
            0 => drop(reader.unsigned()?),
            1 => {
                reader.byte()?;
                reader.limits()?;
            }
            2 => return reader.limits(),
            _ => drop((reader.byte()?, reader.byte()?)),
        }
        count += 1;
        kept.extend(&before[..before.len() - reader.rest().len()]);
        Ok(())
    })?;
    let mut out = unsigned(count);
    out.extend(kept);
    vector(&mut out, IMPORT.0.as_bytes());
    vector(&mut out, IMPORT.1.as_bytes());
    out.extend([2, 0]);
    out.extend(unsigned(pages));
    Ok(out)
}
