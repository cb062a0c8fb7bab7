//! Calls: by the callee's record, with what is left of the stack.
//!
//! `call` finds the record by index, `call_indirect` and `call_ref` by the reference's address in
//! the store, with the tests in the specification's order: bounds, null, type. A tail call hands
//! over the height that the function itself was given, since its own charge is released; where the
//! callee is known, whether it fits is asked before, so that the trap names the caller.

use crate::Declined;
use crate::abi;
use crate::emit::Region;
use crate::lower::Lowering;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{InstBuilder, SigRef, Value};
use prova_check::{offsets, traps};
use prova_module::ops::Immediate;
use prova_module::{FuncIdx, FuncType, TypeIdx};
use prova_ssa::Call;

impl Lowering<'_> {
    /// The record of a function of the module.
    pub(crate) fn record(&self, func: FuncIdx) -> Value {
        let imported = self.module.imported_func_count() as u32;
        match func.0.checked_sub(imported) {
            None => self.field(self.layout.imported_func(func.0)),
            Some(defined) => {
                let at = self.word(self.layout.defined_func(defined).into());
                self.emit.ins(|i| i.iadd(self.vmctx, at))
            }
        }
    }

    /// The call of the operator at an offset; its results.
    pub(crate) fn call(&mut self, call: &Call, offset: u32) -> Result<Vec<Value>, Declined> {
        let (signature, code, args) = self.callee(call, self.left)?;
        self.hold(offset)?;
        let call = self.emit.ins(|i| i.call_indirect(signature, code, &args));
        self.fuel_changes();
        Ok(self.emit.results(call))
    }

    /// A tail call.
    pub(crate) fn tail_call(&mut self, call: &Call) -> Result<(), Declined> {
        // The callee would find the same; but then nobody knows any more who called.
        let func = call.imm.index(call.opcode, Immediate::func).map(FuncIdx);
        if let Some(facts) = func.and_then(|func| self.module.facts(func)) {
            let charge = self.word(facts.charge_bytes());
            let (emit, height) = (self.emit, self.height);
            let over = emit.ins(|i| i.icmp(IntCC::UnsignedLessThan, height, charge));
            emit.trap_if(over, traps::TAIL_OVERFLOW);
        }
        let (signature, code, args) = self.callee(call, self.height)?;
        self.emit.ins(|i| i.return_call_indirect(signature, code, &args));
        Ok(())
    }

    /// The signature, the code and all arguments of a call.
    pub(crate) fn callee(
        &mut self,
        call: &Call,
        height: Value,
    ) -> Result<(SigRef, Value, Vec<Value>), Declined> {
        let args = self.body.operands(call.args).iter().map(|&value| self.get(value));
        let mut args = args.collect::<Result<Vec<Value>, Declined>>()?;
        let index = |kind| call.imm.index(call.opcode, kind);
        let (func, ty) = (index(Immediate::func), index(Immediate::type_));
        let (record, ty) = match (func, ty, index(Immediate::table)) {
            (Some(func), ..) => (
                self.record(FuncIdx(planted!(OtherCallee, func, func ^ 1))),
                self.module.func_type(FuncIdx(func)),
            ),
            (None, Some(ty), _) if !self.is_final(ty) => return Err(Declined::Subtypes),
            (None, Some(ty), Some(table)) => {
                let at = args.pop().ok_or(Declined::Bug("a call without index"))?;
                let (element, flags) = self.element(table, at, traps::UNDEFINED_ELEMENT)?;
                let reference = self.emit.ins(|i| i.load(I64, flags, element, 0));
                let record = self.referenced(reference, ty, traps::UNINITIALIZED_ELEMENT);
                (record, self.type_of(ty)?)
            }
            (None, Some(ty), None) => {
                let reference = args.pop().ok_or(Declined::Bug("a call without reference"))?;
                if self.is_callee(self.body.operands(call.args).last().copied()) {
                    self.is_function(reference);
                }
                let record = self.referenced(reference, ty, traps::NULL_REFERENCE);
                (record, self.type_of(ty)?)
            }
            (None, None, _) => return Err(Declined::Bug("a call of nothing")),
        };
        let signature = self.abi.function(ty)?;
        let signature = self.emit.func.borrow_mut().import_signature(signature);
        let flags = self.word_flags(Region::Store);
        let code = self.emit.ins(|i| i.load(I64, flags, record, offsets::RECORD_CODE as i32));
        planted!(SwappedArguments, {}, args.swap(0, 1));
        args.splice(0..0, [record, height]);
        Ok((signature, code, args))
    }

    /// Whether only a type's own identity is one of it.
    fn is_final(&self, ty: u32) -> bool {
        self.module.types().def(TypeIdx(ty)).is_some_and(|def| def.is_final)
    }

    fn type_of(&self, ty: u32) -> Result<&FuncType, Declined> {
        self.module.types().get(TypeIdx(ty).index()).ok_or(Declined::Bug("no such type"))
    }

    /// Traps where a number that was read from the heap names no function of the store (A5 of
    /// `aggregate`); null does.
    fn is_function(&self, number: Value) {
        let (emit, flags) = (self.emit, self.word_flags(Region::Store));
        let store = self.store_words();
        let count = emit.ins(|i| i.load(I64, flags, store, offsets::STORE_FUNCS_LEN as i32));
        let over = emit.ins(|i| i.icmp(IntCC::UnsignedGreaterThan, number, count));
        emit.trap_if(over, traps::BUG);
    }

    /// The record of the function that a reference names, if its type is `ty`.
    fn referenced(&self, reference: Value, ty: u32, null: u8) -> Value {
        let (emit, flags) = (self.emit, self.word_flags(Region::Store));
        // In the masked shape no branch makes a way impossible to the check, so nothing may stand
        // behind the test of a constant that would be the record of no function.
        match self.layout.masks() && emit.constant(reference) == Some(0) {
            true => emit.trap_always(null),
            false => emit.trap_unless(reference, null),
        }
        let store = self.store_words();
        let records = emit.ins(|i| i.load(I64, flags, store, offsets::STORE_FUNCS as i32));
        let three = self.word(3);
        let bytes = emit.ins(|i| i.ishl(reference, three));
        let at = emit.ins(|i| i.iadd(records, bytes));
        // A reference is the address + 1.
        let record = emit.ins(|i| i.load(I64, flags, at, -8));
        let is = offsets::RECORD_TYPE as i32;
        let is = emit.ins(|i| i.load(I32, abi::immutable(), record, is));
        let types = self.field(offsets::TYPES);
        // Loaded anew for each compare: hoisted, it would be a number in a stack slot to the check.
        let wanted = emit.ins(|i| i.load(I32, flags, types, 4 * ty as i32));
        let other = emit.ins(|i| i.icmp(IntCC::NotEqual, is, wanted));
        emit.trap_if(other, traps::INDIRECT_CALL_TYPE_MISMATCH);
        record
    }
}
