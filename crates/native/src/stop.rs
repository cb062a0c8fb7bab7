//! How code stops: an instruction that faults, or a call of the builtin `trap`.
//!
//! With signals a test is Cranelift's conditional trap: a branch to a `ud2` that has a row in the
//! trap map. Without them nothing may fault, so a test branches to a cold block that calls
//! `trap(vmctx, height, kind)`, which does not return; the row of that call says where. Operators
//! that Cranelift lets fault (divisions, truncations, accesses) are preceded by explicit tests
//! then, in [`crate::lower`].
//!
//! Noticed by: `tests/run.rs` and `tests/numeric.rs`, in both forms.

use crate::abi;
use crate::emit::Emit;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{Inst, InstBuilder, SigRef, Value};
use prova_check::{offsets, traps};

/// The arguments of a call of the builtin `trap`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stops {
    /// The vmctx of the function's instance.
    pub(crate) vmctx: Value,
    /// The height that is passed; nobody reads it.
    pub(crate) height: Value,
    /// The builtin's signature.
    pub(crate) signature: SigRef,
}

impl Emit {
    /// Whether a fault is a trap; otherwise nothing may fault.
    pub(crate) fn signals(&self) -> bool {
        self.stops.get().is_none()
    }

    /// Stops; ends the block.
    pub(crate) fn trap(&self, kind: u8) {
        let Some(Stops { vmctx, height, signature }) = self.stops.get() else {
            // Of a branch to a block that only traps Cranelift makes a conditional trap with the
            // branch's offset (`cranelift-codegen/src/branch_to_trap.rs`). This is no code, and
            // keeps the block.
            self.ins(|i| i.sequence_point());
            self.ins(|i| i.trap(abi::trap(kind)));
            return;
        };
        let word = |of: Value, at: u32| self.ins(|i| i.load(I64, abi::immutable(), of, at as i32));
        let code = word(word(vmctx, offsets::BUILTINS), 8 * offsets::BUILTIN_TRAP);
        let kind = self.ins(|i| i.iconst(I64, i64::from(kind)));
        self.ins(|i| i.call_indirect(signature, code, &[vmctx, height, kind]));
        // Nothing comes back here.
        self.ins(|i| i.trap(abi::trap(traps::BUG)));
    }

    /// Stops; what is appended behind it is never reached.
    pub(crate) fn trap_always(&self, kind: u8) {
        self.trap(kind);
        self.switch_to(self.new_block());
    }

    /// Stops if a value is not 0.
    pub(crate) fn trap_if(&self, condition: Value, kind: u8) {
        planted!(
            MissedTrap,
            {},
            if kind == traps::UNREACHABLE {
                return;
            }
        );
        if self.signals() {
            self.ins(|i| i.trapnz(condition, abi::trap(kind)));
            return;
        }
        self.trap_aside(kind, |emit, stop, go_on| {
            emit.ins(|i| i.brif(condition, stop, &[], go_on, &[]))
        });
    }

    /// Stops if a value is 0.
    pub(crate) fn trap_unless(&self, condition: Value, kind: u8) {
        let kind = planted!(OtherTrap, kind, traps::UNREACHABLE);
        planted!(TurnedTrap, {}, return self.trap_if(condition, kind));
        if self.signals() {
            self.ins(|i| i.trapz(condition, abi::trap(kind)));
            return;
        }
        self.trap_aside(kind, |emit, stop, go_on| {
            emit.ins(|i| i.brif(condition, go_on, &[], stop, &[]))
        });
    }

    /// The sum of two words; stops if it is none of 64 bits.
    pub(crate) fn sum_or_trap(&self, a: Value, b: u64, kind: u8) -> Value {
        let word = self.ins(|i| i.iconst(I64, b as i64));
        if self.signals() {
            return self.ins(|i| i.uadd_overflow_trap(a, word, abi::trap(kind)));
        }
        let most = self.ins(|i| i.iconst(I64, !b as i64));
        let beyond = self.ins(|i| i.icmp(IntCC::UnsignedGreaterThan, a, most));
        self.trap_if(beyond, kind);
        self.ins(|i| i.iadd(a, word))
    }

    /// Branches to a block that stops, and goes on in another.
    fn trap_aside(
        &self,
        kind: u8,
        branch: impl FnOnce(&Emit, cranelift_codegen::ir::Block, cranelift_codegen::ir::Block) -> Inst,
    ) {
        let (stop, go_on) = (self.new_block(), self.new_block());
        self.func.borrow_mut().layout.set_cold(stop);
        branch(self, stop, go_on);
        self.switch_to(stop);
        self.trap(kind);
        self.switch_to(go_on);
    }
}
