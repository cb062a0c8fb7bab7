//! F7 and F8 for memories and data segments. Addresses and offsets are tested when they are used.

use super::{Context, Fault, Rule, Verdict};
use prova_module::MemoryIdx;

/// A memory operand.
pub(super) fn memory(cx: &Context<'_>, index: u64) -> Verdict {
    match cx.module.memory(MemoryIdx(index as u32)) {
        Some(_) => Ok(()),
        None => Err(Fault::new(Rule::Indices, format!("there is no mem{index}"))),
    }
}

/// A data segment operand.
pub(super) fn data(cx: &Context<'_>, index: u64) -> Verdict {
    if index < cx.module.data().len() as u64 {
        return Ok(());
    }
    Err(Fault::new(Rule::Indices, format!("there is no data{index}")))
}

/// Why there is no load or store of memory 0 with a 32-bit address.
#[cold]
pub(super) fn far(cx: &Context<'_>) -> Fault {
    match cx.module.memory(MemoryIdx(0)) {
        Some(_) => Fault::new(Rule::Kinds, "mem0 has 64-bit addresses"),
        None => Fault::new(Rule::Kinds, "there is no mem0"),
    }
}
