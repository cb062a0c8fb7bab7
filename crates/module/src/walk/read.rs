//! Reading one operator after the other into one place.
//!
//! An operator is large, and the decoder's own [`read`](OperatorsReader::read) hands it on as a
//! whole several times, each time right after its parts were written, for which a processor waits.
//! Here the decoder's visitor writes the parts where they stay, and gives the opcode, which it
//! knows. The operators read are the same: each method writes the operator of its name.
//!
//! Limits: the former contents of the place are forgotten and not dropped, so the caller must clear
//! a place that owns memory before it reads on ([`clear`]); else the memory leaks. Noticed by:
//! `tests` here.

use crate::ops::{Class, Opcode};
use crate::visit::Operators;
use wasmparser::{
    FrameKind, FrameStack, Operator, OperatorsReader, VisitOperator, VisitSimdOperator,
    for_each_visit_operator, for_each_visit_simd_operator,
};

/// The place of the operator, and the block that it is in.
pub(crate) struct InPlace<'s, 'm>(pub(crate) &'s mut Operator<'m>, pub(crate) Option<FrameKind>);

impl FrameStack for InPlace<'_, '_> {
    fn current_frame(&self) -> Option<FrameKind> {
        self.1
    }
}

macro_rules! methods {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        $(
            #[inline(always)]
            fn $visit(&mut self $($(, $arg: $ty)*)?) -> Opcode {
                std::mem::forget(std::mem::replace(self.0, Operator::$op $({ $($arg),* })?));
                Opcode::$op
            }
        )*
    };
}

// The decoder's list names the lifetime `'a`.
impl<'a> VisitOperator<'a> for InPlace<'_, 'a> {
    type Output = Opcode;

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = Opcode>> {
        Some(self)
    }

    for_each_visit_operator!(methods);
}

impl<'a> VisitSimdOperator<'a> for InPlace<'_, 'a> {
    for_each_visit_simd_operator!(methods);
}

/// Reads the next operator into a place that owns no memory; `None` if there is none.
#[inline]
pub(super) fn read<'m>(
    operators: &mut OperatorsReader<'m>,
    place: &mut Operator<'m>,
) -> Option<Opcode> {
    operators.visit_operator(&mut InPlace(place, None)).ok()
}

/// Reads the operator that comes next into a place that owns no memory, and stays before it;
/// `frame` is the innermost block. `None` if it does not decode.
#[inline]
pub(crate) fn peek<'m>(
    operators: &Operators<'m>,
    frame: Option<FrameKind>,
    place: &mut Operator<'m>,
) -> Option<Opcode> {
    operators.clone().visit(&mut InPlace(place, frame)).ok()
}

/// Clears the place of an operator of a class, if it may own memory: only clauses of a `try_table`
/// do, and operators that no module may have.
#[inline]
pub(crate) fn clear(place: &mut Operator<'_>, class: Class) {
    if matches!(class, Class::try_table | Class::refused) {
        *place = Operator::Nop;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Features, FuncIdx, Limits, Module};

    /// Reading in place gives the decoder's operators.
    #[test]
    fn operators_are_the_decoders() {
        let wasm = wat::parse_str(
            "(module (memory 1) (table 1 funcref) (tag $e (param i32))
               (func $f (param i32) (result i64) (local v128)
                 (block $out (result i32)
                   (try_table (catch $e $out) (drop (call $f (i32.const -7))))
                   (br_table $out $out (local.get 0) (i32.load8_u offset=9 (local.get 0))))
                 (local.set 1 (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15
                   (v128.const i64x2 3 -4) (v128.load32_lane offset=4 2 (i32.const 1) (local.get 1))))
                 (call_indirect (param i32) (i32.const 0))
                 (memory.fill (i32.const 1) (i32.const 2) (i32.const 3))
                 (drop (ref.null extern)) (drop (f64.const nan:0x7))
                 (select (result i64) (i64.const -1) (i64.const 1) (i32.const 1))))",
        );
        let wasm = wasm.expect("a module");
        let module = Module::decode(wasm, &Features::default(), &Limits::default());
        let module = module.expect("a valid module");
        let body = module.body(FuncIdx(0)).expect("a body");
        let (mut whole, mut parts) = (body.operators(), body.operators());
        let (mut place, mut count) = (Operator::Nop, 0);
        while !whole.eof() {
            let operator = whole.read().expect("an operator");
            let opcode = read(&mut parts, &mut place).expect("the same");
            assert_eq!((opcode, &place), (Opcode::of(&operator), &operator));
            assert_eq!(whole.original_position(), parts.original_position());
            clear(&mut place, opcode.class());
            count += 1;
        }
        assert!(parts.eof() && count > 30 && read(&mut parts, &mut place).is_none());
    }
}
