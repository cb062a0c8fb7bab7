//! Counting dispatches: how often each op ran, and each op behind each other one.
//!
//! In a store that counts, every linked instruction leads to one handler, which notes the
//! instruction and goes on with the handler of its encoding. Other stores run no line of this.
//!
//! # Invariants
//! * Y1. Words that lead to [`count`] are run by stores that count alone ([`Linked::counting`]).
//!
//! [`Linked::counting`]: super::link::Linked::counting

use super::{Handler, Registers, handler, invoke, tail};
use crate::store::Store;
use prova_bytecode::{OPS, Op};

/// How often instructions ran, by their ops.
#[derive(Clone, Debug)]
pub struct DispatchCounts {
    /// By op.
    ops: Vec<u64>,
    /// By op and, inside, by the op behind it.
    pairs: Vec<u64>,
    /// The op of the newest instruction.
    newest: Option<Op>,
}

impl DispatchCounts {
    pub(crate) fn new() -> DispatchCounts {
        let n = OPS.len();
        DispatchCounts { ops: vec![0; n], pairs: vec![0; n * n], newest: None }
    }

    fn note(&mut self, op: Op) {
        self.ops[op as usize] += 1;
        if let Some(before) = self.newest.replace(op) {
            self.pairs[before as usize * OPS.len() + op as usize] += 1;
        }
    }

    /// The number of instructions that ran.
    pub fn total(&self) -> u64 {
        self.ops.iter().sum()
    }

    /// The ops that ran and how often, in the order of their encodings.
    pub fn ops(&self) -> impl Iterator<Item = (Op, u64)> {
        let counted = OPS.iter().zip(&self.ops).filter(|&(_, &count)| count != 0);
        counted.map(|(&op, &count)| (op, count))
    }

    /// The pairs of ops that ran directly behind each other, in any function, and how often; in the
    /// order of their encodings.
    pub fn pairs(&self) -> impl Iterator<Item = (Op, Op, u64)> {
        let counted = self.pairs.iter().enumerate().filter(|&(_, &count)| count != 0);
        counted.map(|(at, &count)| (OPS[at / OPS.len()], OPS[at % OPS.len()], count))
    }
}

impl Store {
    /// The counts so far, in a store that counts.
    pub fn dispatch_counts(&self) -> Option<&DispatchCounts> {
        self.counts.as_deref()
    }

    /// Notes the instruction at `ip` of the function that runs; gives its handler.
    fn note_dispatch(&mut self, func: crate::value::FuncAddr, ip: *const u64) -> u64 {
        let entry = self.entries[func.index()].code.get();
        let word = (ip as usize - entry as usize) / size_of::<u64>();
        // A function runs the words of its bytecode, and `ip` is an instruction in them.
        let words = self.codes(func).and_then(|codes| codes.bytecode()).map(|code| code.words());
        let encoding = words.and_then(|words| words.get(word)).map_or(0, |&word| word as u16);
        if let (Some((op, _)), Some(counts)) = (Op::from_encoding(encoding), &mut self.counts) {
            counts.note(op);
        }
        tail::handler_address(encoding, false)
    }
}

handler! {
    /// Counts the instruction at `ip`, and runs it.
    fn count(r) {
        // SAFETY: V1, Y1; `Vm::func` is the running function, whose entry led to these words (V4).
        unsafe {
            let address = note(&r);
            let handler = std::ptr::with_exposed_provenance::<()>(address as usize);
            // SAFETY: it is the address of a handler.
            let handler = std::mem::transmute::<*const (), Handler>(handler);
            invoke!(handler, r.ip, r)
        }
    }
}

/// # Safety
/// As of [`count`].
#[inline(never)]
unsafe fn note(r: &Registers) -> u64 {
    // SAFETY: V1: nothing else uses the store while a handler runs.
    unsafe {
        let func = crate::value::FuncAddr::from_index((*r.cx).func);
        (*(*r.cx).store).note_dispatch(func, r.ip)
    }
}

/// The address of the handler that counts.
pub(super) fn address() -> u64 {
    (count as Handler as *const ()).expose_provenance() as u64
}
