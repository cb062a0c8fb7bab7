//! The builtins that code may call: what each takes beside context and height, and what it gives.
//!
//! Builtins take Wasm-level indices and numbers and check them again; what the check adds is that
//! references are references. Convention: System V, operands in rdx, rcx, r8, r9, result in rax.

use crate::symbols::RefKind;

/// What an operand or result of a builtin is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// Any number.
    Number,
    /// A reference of this kind, null among them.
    Ref(RefKind),
    /// A reference of whatever kind the table or global has; the builtin takes operand 0 as the
    /// index of a table (a constant in the code).
    Element,
    /// The store address of a function.
    FuncAddress,
}

/// One builtin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Builtin {
    /// Its name.
    pub name: &'static str,
    /// Its operands, at most four.
    pub operands: &'static [Operand],
    /// Its result.
    pub result: Option<Operand>,
}

const fn row(
    name: &'static str,
    operands: &'static [Operand],
    result: Option<Operand>,
) -> Builtin {
    Builtin { name, operands, result }
}

use Operand::{Element, FuncAddress, Number};

/// All builtins, by number.
pub const BUILTINS: &[Builtin] = &[
    row("call", &[FuncAddress], None),
    row("memory_grow", &[Number, Number], Some(Number)),
    row("memory_init", &[Number, Number, Number, Number], None),
    row("memory_copy", &[Number, Number, Number, Number], None),
    row("memory_fill", &[Number, Number, Number, Number], None),
    row("data_drop", &[Number], None),
    row("table_grow", &[Number, Element, Number], Some(Number)),
    row("table_init", &[Number, Number, Number, Number], None),
    row("table_copy", &[Number, Number, Number, Number], None),
    row("table_fill", &[Number, Number, Element, Number], None),
    row("elem_drop", &[Number], None),
    row("out_of_fuel", &[], None),
    row("interrupt", &[], None),
    row("trap", &[Number], None),
    row("tail_call", &[FuncAddress], None),
    row("arguments", &[Number], None),
];
