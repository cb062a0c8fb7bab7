//! The builtins that code may call, and the operators that the builtin `perform` may be asked for.
//!
//! Convention: System V; context in rdi, height in rsi, operands in rdx, rcx, r8; the result in rax
//! is a number. Values lie in the argument cells from cell 0, a `v128` in two.
//!
//! - `call(context, height, record)`: calls the function of the record; arguments and results in
//!   the cells.
//! - `perform(context, height, opcode, first, second)`: performs an operator of the module on
//!   indices. The runtime checks indices, types and bounds again, as if nobody had; what the check
//!   adds is that the opcode is one of [`PERFORMED`] and that references are references.
//! - `trap(context, height, kind)`: does not return.
//! - `throw(context, height, tag)`: does not return; the values in the cells. With
//!   [`THROW_REF`](crate::offsets::THROW_REF) in the place of a tag it throws the exception that
//!   the reference in cell 0 names. Control goes on at a landing (P14), in this code or in a
//!   caller's.

/// An operator that `perform` may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Performed {
    /// Its number in the table of operators.
    pub opcode: u16,
    /// Its name.
    pub mnemonic: &'static str,
    /// The cell of the reference among its operands; it goes to the table of the first index.
    pub reference: Option<u32>,
}

const fn row(opcode: u16, mnemonic: &'static str, reference: Option<u32>) -> Performed {
    Performed { opcode, mnemonic, reference }
}

/// The operators that may be performed. A test holds the numbers against the table of operators.
pub const PERFORMED: &[Performed] = &[
    row(60, "memory.grow", None),
    row(61, "memory.fill", None),
    row(62, "memory.copy", None),
    row(63, "memory.init", None),
    row(64, "data.drop", None),
    row(31, "table.grow", Some(0)),
    row(32, "table.fill", Some(1)),
    row(33, "table.copy", None),
    row(34, "table.init", None),
    row(35, "elem.drop", None),
    row(472, "memory.atomic.notify", None),
    row(473, "memory.atomic.wait32", None),
    row(474, "memory.atomic.wait64", None),
];
