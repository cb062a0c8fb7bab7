//! The dispatch over operators: the reader of a body calls a method of [`Proof`] for each.
//!
//! The most frequent operators have a method of their own, so that what their name decides is decided at compile time; all
//! others come to `operator` of this module as a whole. `method!` says which is which: its arms are tried in the order variable,
//! control, memory, numeric, other.
//!
//! [`Dead`] reads unreachable code, where only the nesting counts.

use super::super::{Observer, Proof, Verdict};
use prova_module::{
    BlockKind, BlockType, BrTable, FrameKind, FrameStack, Operator, VisitOperator,
    VisitSimdOperator, for_each_visit_operator, for_each_visit_simd_operator,
};
use prova_terms::Prim;

/// The body is valid, so an `else` stands in an `if`; where it did not, `Proof::else_` would refuse it.
const ANY_FRAME: Option<FrameKind> = Some(FrameKind::If);

macro_rules! method {
    (LocalGet $visit:ident { $local:ident : $ty:ty }) => {
        fn $visit(&mut self, $local: $ty) -> Verdict { self.local_get($local) }
    };
    (LocalSet $visit:ident { $local:ident : $ty:ty }) => {
        fn $visit(&mut self, $local: $ty) -> Verdict { self.local_set($local) }
    };
    (LocalTee $visit:ident { $local:ident : $ty:ty }) => {
        fn $visit(&mut self, $local: $ty) -> Verdict { self.local_tee($local) }
    };
    (I32Const $visit:ident { $value:ident : $ty:ty }) => {
        fn $visit(&mut self, $value: $ty) -> Verdict { self.push_constant(u64::from($value as u32)) }
    };
    (I64Const $visit:ident { $value:ident : $ty:ty }) => {
        fn $visit(&mut self, $value: $ty) -> Verdict { self.push_constant($value as u64) }
    };
    (Drop $visit:ident) => {
        fn $visit(&mut self) -> Verdict { self.wasm_drop() }
    };
    (Select $visit:ident) => {
        fn $visit(&mut self) -> Verdict { self.wasm_select() }
    };
    (Block $visit:ident { $block:ident : $ty:ty }) => {
        fn $visit(&mut self, $block: BlockType) -> Verdict { self.block(BlockKind::Block, $block) }
    };
    (Loop $visit:ident { $block:ident : $ty:ty }) => {
        fn $visit(&mut self, $block: BlockType) -> Verdict { self.loop_($block) }
    };
    (If $visit:ident { $block:ident : $ty:ty }) => {
        fn $visit(&mut self, $block: BlockType) -> Verdict { self.if_($block) }
    };
    (Else $visit:ident) => {
        fn $visit(&mut self) -> Verdict { self.else_() }
    };
    (End $visit:ident) => {
        fn $visit(&mut self) -> Verdict { self.end() }
    };
    (Br $visit:ident { $depth:ident : $ty:ty }) => {
        fn $visit(&mut self, $depth: $ty) -> Verdict { self.br($depth) }
    };
    (BrIf $visit:ident { $depth:ident : $ty:ty }) => {
        fn $visit(&mut self, $depth: $ty) -> Verdict { self.br_if($depth) }
    };
    (BrTable $visit:ident { $targets:ident : $ty:ty }) => {
        fn $visit(&mut self, $targets: BrTable<'a>) -> Verdict { self.br_table(&$targets) }
    };
    (Return $visit:ident) => {
        fn $visit(&mut self) -> Verdict { self.wasm_return() }
    };
    (Call $visit:ident { $func:ident : $ty:ty }) => {
        fn $visit(&mut self, $func: $ty) -> Verdict { self.wasm_call($func, false) }
    };
    ($($other:tt)*) => { memory_method! { $($other)* } };
}

macro_rules! other_method {
    ($op:ident $visit:ident $({ $($arg:ident : $ty:ty),* })?) => {
        fn $visit(&mut self $(, $($arg: $ty),*)?) -> Verdict {
            self.operator(&Operator::$op $({ $($arg),* })?)
        }
    };
}

macro_rules! methods {
    ($( @$proposal:ident $op:ident $({ $($arg:ident : $ty:ty),* })? => $visit:ident ($($ann:tt)*) )*) => {
        $(method! { $op $visit $({ $($arg : $ty),* })? })*
    };
}

impl<'a, O: Observer> VisitOperator<'a> for Proof<'_, '_, O> {
    type Output = Verdict;

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = Verdict>> {
        Some(self)
    }

    for_each_visit_operator!(methods);
}

impl<'a, O: Observer> VisitSimdOperator<'a> for Proof<'_, '_, O> {
    for_each_visit_simd_operator!(methods);
}

impl<O: Observer> FrameStack for Proof<'_, '_, O> {
    fn current_frame(&self) -> Option<FrameKind> {
        ANY_FRAME
    }
}

/// Unreachable code: a `Block` opens a block of any kind; `Else` and `End` are those of the operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Dead {
    Block,
    Else,
    End,
    Other,
}

/// Reads an operator of unreachable code.
pub(in super::super) struct DeadReader;

macro_rules! dead {
    (Block) => {
        Dead::Block
    };
    (Loop) => {
        Dead::Block
    };
    (If) => {
        Dead::Block
    };
    (TryTable) => {
        Dead::Block
    };
    (Else) => {
        Dead::Else
    };
    (End) => {
        Dead::End
    };
    ($other:ident) => {
        Dead::Other
    };
}

macro_rules! dead_methods {
    ($( @$proposal:ident $op:ident $({ $($arg:ident : $ty:ty),* })? => $visit:ident ($($ann:tt)*) )*) => {
        $(fn $visit(&mut self $(, $(_: $ty),*)?) -> Dead { dead!($op) })*
    };
}

impl<'a> VisitOperator<'a> for DeadReader {
    type Output = Dead;

    fn simd_visitor(&mut self) -> Option<&mut dyn VisitSimdOperator<'a, Output = Dead>> {
        Some(self)
    }

    for_each_visit_operator!(dead_methods);
}

impl<'a> VisitSimdOperator<'a> for DeadReader {
    for_each_visit_simd_operator!(dead_methods);
}

impl FrameStack for DeadReader {
    fn current_frame(&self) -> Option<FrameKind> {
        ANY_FRAME
    }
}
