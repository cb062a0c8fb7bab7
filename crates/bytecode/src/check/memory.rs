//! F7 and F8 for memories and data segments. Addresses and offsets are tested when they are used.

use super::{Context, Fault, Rule, Verdict};
use crate::encode::Inst;
use crate::ops::Kind;
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

/// F8: an access that is not by [`SharedAccess`](crate::Op::SharedAccess) names no shared memory.
pub(super) fn unshared(cx: &Context<'_>, inst: &Inst) -> Verdict {
    let operands = inst.op.operands().iter().zip(&inst.values);
    for (_, &index) in operands.filter(|(operand, _)| operand.kind == Kind::mem) {
        if cx.module.is_shared(MemoryIdx(index as u32)) {
            let what = format!("{} of mem{index}, which is shared", inst.op.mnemonic());
            return Err(Fault::new(Rule::Kinds, what));
        }
    }
    Ok(())
}

/// Why there is no load or store of memory 0 with a 32-bit address.
#[cold]
pub(super) fn far(cx: &Context<'_>) -> Fault {
    match cx.module.memory(MemoryIdx(0)) {
        Some(ty) if ty.shared => Fault::new(Rule::Kinds, "mem0 is shared"),
        Some(_) => Fault::new(Rule::Kinds, "mem0 has 64-bit addresses"),
        None => Fault::new(Rule::Kinds, "there is no mem0"),
    }
}
