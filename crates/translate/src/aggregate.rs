//! Operators on objects: operands go to their home slots, where the runtime finds them and leaves
//! the result (R3 for calls).
//!
//! `ref.eq`, `ref.i31` and `ref.test` are instructions like numeric ones. A branch on a cast is a
//! test, whose outcome lies on top of the stack for one instruction, and a branch by it.
//!
//! Where an object is made the store may collect: what the frame holds is where a call has it (R9).

use crate::translator::Cx;
use prova_bytecode::Op;
use prova_module::objects::{Shape, two_indices};
use prova_module::ops::Class;
use prova_module::{HeapType, Opcode, Operator, RefType, heap_code};

macro_rules! ops {
    ($($name:ident)*) => {
        /// The op of an operator that works on a window.
        fn windowed(opcode: Opcode) -> Option<Op> {
            match opcode {
                $(Opcode::$name => Some(Op::$name),)*
                _ => None,
            }
        }
    };
}
ops! {
    StructNew StructNewDefault StructGet StructGetS StructGetU StructSet ArrayNew ArrayNewDefault
    ArrayNewFixed ArrayNewData ArrayNewElem ArrayGet ArrayGetS ArrayGetU ArraySet ArrayLen ArrayFill
    ArrayCopy ArrayInitData ArrayInitElem RefCastNonNull RefCastNullable AnyConvertExtern
    ExternConvertAny I31GetS I31GetU
}

impl Cx<'_> {
    /// Translates an operator on objects; says whether `operator` is one.
    pub(crate) fn aggregate(&mut self, operator: &Operator<'_>) -> bool {
        if self.of_references(operator) {
            return true;
        }
        let opcode = Opcode::of(operator);
        let Some(op) = windowed(opcode) else { return false };
        let immediates = two_indices(&Opcode::immediates(operator));
        self.window(op, opcode, immediates);
        true
    }

    /// Translates an operator that looks into no object; says whether `operator` is one.
    fn of_references(&mut self, operator: &Operator<'_>) -> bool {
        match *operator {
            Operator::RefEq => self.plain(Op::RefEq, &[]),
            Operator::RefI31 => self.plain(Op::RefI31, &[1]),
            Operator::RefTestNonNull { hty } => self.ref_test(false, hty),
            Operator::RefTestNullable { hty } => self.ref_test(true, hty),
            Operator::RefCastNonNull { hty } => self.ref_cast(Op::RefCastNonNull, false, hty),
            Operator::RefCastNullable { hty } => self.ref_cast(Op::RefCastNullable, true, hty),
            Operator::BrOnCast { relative_depth, to_ref_type, .. } => {
                self.br_on_cast(relative_depth, to_ref_type, false);
            }
            Operator::BrOnCastFail { relative_depth, to_ref_type, .. } => {
                self.br_on_cast(relative_depth, to_ref_type, true);
            }
            _ => return false,
        }
        true
    }

    /// The code of the type that a cast asks for.
    fn code(&mut self, nullable: bool, ty: HeapType) -> u64 {
        match heap_code(nullable, ty) {
            Some(code) => code.into(),
            None => {
                self.bug("a type that no module has");
                0
            }
        }
    }

    fn ref_test(&mut self, nullable: bool, ty: HeapType) {
        let code = self.code(nullable, ty);
        self.plain(Op::RefTest, &[code]);
    }

    fn ref_cast(&mut self, op: Op, nullable: bool, ty: HeapType) {
        let code = self.code(nullable, ty);
        self.home_top(1);
        let window = self.b.stack.top().map_or(0, |top| top.home);
        self.emit(op, &[window.into(), code]);
    }

    /// The reference is the last value of the branch, and stays where it is not taken.
    fn br_on_cast(&mut self, depth: u32, to: RefType, fails: bool) {
        let code = self.code(to.is_nullable(), to.heap_type());
        let reference = self.peek_operand();
        self.emit_push(Op::RefTest, false, [reference, code]);
        self.br_if_or_not(depth, fails);
    }

    fn window(&mut self, op: Op, opcode: Opcode, (first, second): (u32, u32)) {
        let shape = Shape::of(self.module.types(), opcode, (first, second));
        let Some(shape) = shape else {
            return self.bug("a type that the module does not have");
        };
        let count = shape.operands as usize;
        self.home_top(count);
        if opcode.class() == Class::allocate {
            self.settle_roots();
        }
        let window = match self.b.stack.height().checked_sub(count) {
            Some(at) if count != 0 => self.b.stack.get(at).home,
            _ => self.b.stack.next_home(),
        };
        match op.operands().len() {
            1 => self.emit(op, &[window.into()]),
            2 => self.emit(op, &[window.into(), first.into()]),
            _ => self.emit(op, &[window.into(), first.into(), second.into()]),
        };
        let height = self.b.stack.height().saturating_sub(count);
        self.b.stack.truncate(height);
        if shape.result_cells > 0 {
            self.b.stack.push_home(shape.result_cells == 2);
        }
    }
}
