//! Code → its instructions, one behind the other, without the data between them.

use super::related::Related;
use prova_check::x64::{Insn, Instructions};

/// Gives each instruction, and whether data is right before it, as far as bytes are instructions.
pub(super) fn scan(code: &Related<'_>, mut each: impl FnMut(&Insn, bool)) {
    let mut insns = Instructions::new(code.bytes);
    let mut data = code.data.iter().copied().peekable();
    let (mut at, mut behind_data) = (0_u32, false);
    while (at as usize) < code.bytes.len() {
        while data.next_if(|&(_, end)| end <= at).is_some() {}
        if let Some(&(start, end)) = data.peek()
            && start <= at
        {
            (at, behind_data) = (end, true);
            continue;
        }
        let Ok(insn) = insns.at(at) else { break };
        each(&insn, behind_data);
        (at, behind_data) = (insn.end().max(at + 1), false);
    }
}
