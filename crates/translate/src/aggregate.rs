//! Operators on objects: operands go to their home slots, where the runtime finds them and leaves
//! the result (R3 for calls).
//!
//! Fields and elements that are numbers or references to objects are loaded and stored as those of
//! memories are ([`Direct`]); `ref.eq`, `ref.i31` and `ref.test` are instructions like numeric
//! ones, and a cast leaves its reference where it is. A branch on a cast is a test, whose outcome
//! lies on top of the stack for one instruction, and a branch by it.
//!
//! Where an object is made the store may collect: what the frame holds is where a call has it (R9).

use crate::translator::Cx;
use prova_bytecode::Op;
use prova_module::objects::{Direct, Shape, two_indices};
use prova_module::ops::Class;
use prova_module::{HeapType, Opcode, Operator, RefType, Storage, heap_code};

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
    StructNew StructNewDefault StructGet StructSet ArrayNew ArrayNewDefault ArrayNewFixed
    ArrayNewData ArrayNewElem ArrayGet ArraySet ArrayFill ArrayCopy ArrayInitData ArrayInitElem
    AnyConvertExtern ExternConvertAny
}

/// The op that reads or writes a field or an element.
fn direct_op(direct: &Direct) -> Option<Op> {
    use Storage as S;
    let Direct { at, storage, writes, signed } = *direct;
    let [field, element] = match (writes, storage, signed) {
        (false, S::I8, true) => [Op::ObjectLoad8S, Op::ArrayLoad8S],
        (false, S::I8, false) => [Op::ObjectLoad8U, Op::ArrayLoad8U],
        (false, S::I16, true) => [Op::ObjectLoad16S, Op::ArrayLoad16S],
        (false, S::I16, false) => [Op::ObjectLoad16U, Op::ArrayLoad16U],
        (false, S::Bits32 | S::Object, _) => [Op::ObjectLoad32, Op::ArrayLoad32],
        (false, S::Bits64, _) => [Op::ObjectLoad64, Op::ArrayLoad64],
        (true, S::I8, _) => [Op::ObjectStore8, Op::ArrayStore8],
        (true, S::I16, _) => [Op::ObjectStore16, Op::ArrayStore16],
        (true, S::Bits32 | S::Object, _) => [Op::ObjectStore32, Op::ArrayStore32],
        (true, S::Bits64, _) => [Op::ObjectStore64, Op::ArrayStore64],
        (_, S::Bits128 | S::Func | S::Exn | S::Extern, _) => return None,
    };
    Some(if at.is_some() { field } else { element })
}

impl Cx<'_> {
    /// Translates an operator on objects; says whether `operator` is one.
    pub(crate) fn aggregate(&mut self, operator: &Operator<'_>) -> bool {
        if self.of_references(operator) {
            return true;
        }
        let opcode = Opcode::of(operator);
        let immediates = two_indices(&Opcode::immediates(operator));
        if let Some(direct) = Direct::of(self.module, opcode, immediates) {
            self.direct(&direct);
            return true;
        }
        let Some(op) = windowed(opcode) else { return false };
        self.window(op, opcode, immediates);
        true
    }

    /// A read or write of bytes of an object.
    fn direct(&mut self, direct: &Direct) {
        match (direct_op(direct), direct.at) {
            (Some(op), Some(at)) => self.plain(op, &[at.into()]),
            (Some(op), None) => self.plain(op, &[]),
            (None, _) => self.bug("a form that has no op"),
        }
    }

    /// Translates an operator that looks into no object; says whether `operator` is one.
    fn of_references(&mut self, operator: &Operator<'_>) -> bool {
        match *operator {
            Operator::RefEq => self.plain(Op::RefEq, &[]),
            Operator::RefI31 => self.plain(Op::RefI31, &[1]),
            Operator::RefTestNonNull { hty } => self.ref_test(false, hty),
            Operator::RefTestNullable { hty } => self.ref_test(true, hty),
            Operator::RefCastNonNull { hty } => self.ref_cast(false, hty),
            Operator::RefCastNullable { hty } => self.ref_cast(true, hty),
            Operator::I31GetS => self.small_value(Op::I32ShrSImm),
            Operator::I31GetU => self.small_value(Op::I32ShrUImm),
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

    fn ref_cast(&mut self, nullable: bool, ty: HeapType) {
        let code = self.code(nullable, ty);
        let reference = self.peek_operand();
        self.emit(Op::RefCast, &[reference, code]);
    }

    /// The value of a small integer: its cell without the lowest bit.
    fn small_value(&mut self, shift: Op) {
        let reference = self.peek_operand();
        self.emit(Op::RefAsNonNull, &[reference]);
        self.plain(shift, &[1]);
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
