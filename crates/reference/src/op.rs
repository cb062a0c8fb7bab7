//! An operator under its family: the unit that a step executes.
//!
//! [`decode`](crate::decode) keeps each different operator of a body once;
//! [`machine`](crate::machine) hands it to its family. Operators that only open, divide or end
//! blocks are no steps, and not here.
//!
//! Noticed by: the specification suite, and a test of `decode` that no operator of a valid body is
//! refused.

use prova_module::{Operator, for_each_operator};

/// An operator under its family, which executes it.
#[derive(Debug)]
pub(crate) enum Op {
    /// `br_table` with the blocks that its labels are of, the default last.
    BrTable(Box<[u32]>),
    /// Branches, calls, `if`.
    Control(Operator<'static>),
    /// `drop`, `select`.
    Parametric(Operator<'static>),
    /// Locals and globals.
    Variable(Operator<'static>),
    /// Tables and element segments.
    Table(Operator<'static>),
    /// Memories and data segments.
    Memory(Operator<'static>),
    /// Constants, arithmetic, comparisons, conversions.
    Numeric(Operator<'static>),
    /// `ref.null` and its like.
    Reference(Operator<'static>),
    /// `throw`, `throw_ref`.
    Exception(Operator<'static>),
    /// `v128`, with its loads and stores.
    Vector(Operator<'static>),
    /// Structures, arrays, small integers, casts.
    Aggregate(Operator<'static>),
    /// Atomic accesses.
    Atomic(Operator<'static>),
    /// An operator of a proposal that no [`Features`](prova_module::Features) allow.
    Refused,
}

/// Copies an operator without its tie to the module's bytes; `None` for `br_table`.
fn detach(operator: Operator<'_>) -> Option<Operator<'static>> {
    macro_rules! rebuild {
        ($(@$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
            match operator {
                $(Operator::$op $({ $($arg),* })? => rebuild!(@one $op $($($arg)*)?),)*
                // wasmparser's enum may grow.
                _ => None,
            }
        };
        (@one BrTable $($arg:ident)*) => {{
            let _ = ($($arg,)*);
            None
        }};
        (@one $op:ident $($arg:ident)*) => { Some(Operator::$op { $($arg),* }) };
    }
    for_each_operator!(rebuild)
}

impl Op {
    /// Puts an operator under its family: by its proposal, and Wasm 1.0's by name. `br_table` and
    /// what only opens, divides or ends blocks are refused: the decoder keeps them otherwise.
    pub(crate) fn new(operator: Operator<'_>) -> Op {
        use Operator as O;
        let Some(operator) = detach(operator) else { return Op::Refused };
        match operator {
            O::Unreachable | O::If { .. } => Op::Control(operator),
            O::Br { .. } | O::BrIf { .. } | O::Return => Op::Control(operator),
            O::Call { .. } | O::CallIndirect { .. } => Op::Control(operator),
            O::ReturnCall { .. } | O::ReturnCallIndirect { .. } => Op::Control(operator),
            O::CallRef { .. } | O::ReturnCallRef { .. } => Op::Control(operator),
            O::BrOnNull { .. } | O::BrOnNonNull { .. } => Op::Control(operator),
            O::BrOnCast { .. } | O::BrOnCastFail { .. } => Op::Control(operator),
            O::Throw { .. } | O::ThrowRef => Op::Exception(operator),
            O::Drop | O::Select | O::TypedSelect { .. } => Op::Parametric(operator),
            O::LocalGet { .. } | O::LocalSet { .. } | O::LocalTee { .. } => Op::Variable(operator),
            O::GlobalGet { .. } | O::GlobalSet { .. } => Op::Variable(operator),
            O::TableGet { .. } | O::TableSet { .. } | O::TableSize { .. } => Op::Table(operator),
            O::TableGrow { .. } | O::TableFill { .. } | O::TableCopy { .. } => Op::Table(operator),
            O::TableInit { .. } | O::ElemDrop { .. } => Op::Table(operator),
            O::MemorySize { .. } | O::MemoryGrow { .. } | O::MemoryFill { .. } => {
                Op::Memory(operator)
            }
            O::MemoryCopy { .. } | O::MemoryInit { .. } | O::DataDrop { .. } => {
                Op::Memory(operator)
            }
            O::RefNull { .. } | O::RefIsNull | O::RefFunc { .. } | O::RefAsNonNull => {
                Op::Reference(operator)
            }
            other => Op::by_proposal(other),
        }
    }

    /// The rest: accesses and numeric operators of Wasm 1.0, and the proposals of one family.
    fn by_proposal(operator: Operator<'static>) -> Op {
        if matches!(operator, Operator::Nop | Operator::Else | Operator::End) {
            return Op::Refused;
        }
        macro_rules! families {
            ($(@$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
                match &operator {
                    $(Operator::$op { .. } => families!(@$proposal $($($arg)*)?),)*
                    _ => Op::Refused,
                }
            };
            (@mvp memarg) => { Op::Memory(operator) };
            (@mvp blockty) => { Op::Refused };
            (@mvp $($arg:ident)*) => { Op::Numeric(operator) };
            (@sign_extension) => { Op::Numeric(operator) };
            (@saturating_float_to_int) => { Op::Numeric(operator) };
            (@wide_arithmetic) => { Op::Numeric(operator) };
            (@simd $($arg:ident)*) => { Op::Vector(operator) };
            (@relaxed_simd) => { Op::Vector(operator) };
            (@threads $($arg:ident)*) => { Op::Atomic(operator) };
            (@gc $($arg:ident)*) => { Op::Aggregate(operator) };
            (@$proposal:ident $($arg:ident)*) => { Op::Refused };
        }
        for_each_operator!(families)
    }
}
