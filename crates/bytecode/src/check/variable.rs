//! F7 and F8 for globals: which ops set one, and how wide the value is.

use super::{Context, Fault, Rule, Verdict};
use crate::ops::{Kind, Op};
use prova_module::{GlobalIdx, ValType};

/// A global operand of `op`.
pub(super) fn global(cx: &Context<'_>, op: Op, index: u64) -> Verdict {
    let Some(global) = cx.module.global(GlobalIdx(index as u32)) else {
        return Err(Fault::new(Rule::Indices, format!("there is no global{index}")));
    };
    let wide = op.operands().iter().any(|operand| operand.kind == Kind::v128);
    // Every op that is not a read is a write.
    let sets = !matches!(op, Op::GlobalGet | Op::GlobalGetAddImm | Op::GlobalGetV128);
    if wide != (global.val == ValType::V128) {
        let what = format!("{} of global{index}, a {}", op.mnemonic(), global.val);
        return Err(Fault::new(Rule::Kinds, what));
    }
    if sets && !global.mutable {
        return Err(Fault::new(Rule::Kinds, format!("global{index} is not mutable")));
    }
    Ok(())
}
