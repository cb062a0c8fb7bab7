//! WebAssembly functions in SSA form → x86-64 machine code, through Cranelift.
//!
//! ```text
//! CheckedBody ─ lower ─► CLIF ─ cranelift-codegen ─► NativeCode { bytes, maps } ─► certify, check
//! FuncType ─ thunk ─► CLIF ┘
//! ```
//!
//! Nothing here is trusted: what comes out runs only after `prova-check` has accepted its bytes. A
//! function that this crate does not treat stays bytecode, and [`Declined`] says why. The output
//! depends on the input alone: not on the host, on threads, or on time.
//!
//! The convention of the code (signatures, records, builtins, thunks) is in
//! [`prova_check::offsets`] and in the heads of `abi` and `thunk`.
//!
//! # Limits
//! [`BODY_VALUES_MAX`], [`MODULE_CODE_BYTES_MAX`], [`WORK_PER_INST`], [`CHARGES_MAX`],
//! [`EDGE_ARGS_MAX`], [`LANDINGS_MAX`], [`ROOTS_MAX`], labels of a `br_table` ([`TABLE_MAX`]),
//! results in registers (8 of each kind), frames of at most 16 times their charge. A panic of
//! Cranelift is caught and declines.

/// An expression, or, under `--cfg prova_plant`, another one while this fault is planted (`plant`).
#[cfg(prova_plant)]
macro_rules! planted {
    ($plant:ident, $right:expr, $wrong:expr) => {
        if crate::plant::on(crate::plant::Plant::$plant) { $wrong } else { $right }
    };
    (operator $right:expr) => {
        crate::plant::operator($right)
    };
}

/// An expression.
#[cfg(not(prova_plant))]
macro_rules! planted {
    ($plant:ident, $right:expr, $wrong:expr) => {{ $right }};
    (operator $right:expr) => {
        $right
    };
}

mod abi;
mod compile;
mod compiler;
mod emit;
mod estimate;
mod isa;
mod listing;
mod lower;
mod matrix;
#[cfg(prova_plant)]
pub mod plant;
mod reach;
mod related;
mod room;
mod share;
mod stop;
mod sunk;
mod survey;
mod thunk;
mod verify;

pub use compile::{BODY_VALUES_MAX, MODULE_CODE_BYTES_MAX, NativeCode, Target};
pub use compiler::{NativeCompiler, body};
pub use estimate::{INSTS_FREE, WORK_PER_INST};
pub use isa::{Effort, settings};
pub use listing::{
    Line, PREMISES_BYTES_MAX, PREMISES_MAX, PREMISES_MIN, certificate, derivation, listing,
    premises, verdict,
};
pub use lower::control::{EDGE_ARGS_MAX, TABLE_MAX};
pub use lower::exception::{LANDINGS_MAX, ROOTS_MAX};
pub use lower::fuel::CHARGES_MAX;
pub use matrix::{AXES, Cell, IMPOSSIBLE, cells};
pub use prova_certify::Derivation;
pub use prova_certify::relation::{SEARCH_WALKS, WALK_PER_BYTE, WALK_PER_BYTE_MAX};
pub use prova_check::{
    Bases, Config, CpuLevel, Layout, Ledger, MemoryShape, Metering, Rejection, ledger,
};
pub use reach::{Reach, Reaches};
pub use share::{Proof, Share, Size, share};
pub use survey::{Survey, Times, survey, survey_loops, survey_proved, survey_with};
pub use verify::{
    Change, Verification, code_bytes, code_of, has_relations, judge, layout, lines_of, listed,
    rebuild, same_maker, verify,
};

use std::fmt;

/// Why a function stays bytecode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Declined {
    /// The results of it, or of a function that it calls, do not fit registers.
    Results,
    /// There are too many parameters or results to pass.
    Parameters,
    /// Its frame is too large for what it is charged.
    Frame,
    /// An operator without lowering.
    Operator(&'static str),
    /// It branches by the type of a reference to a function, to an exception or of the host.
    Casts,
    /// The type is no function's.
    NoFunction,
    /// It calls by a type that may have subtypes: its code compares identities alone, and another
    /// identity may be a subtype's.
    Subtypes,
    /// More of something than is compiled, and how many are.
    Limit(&'static str, usize),
    /// Its shape would take the compiler more than this number of units of work for each
    /// instruction.
    Work(u64),
    /// The time that the embedder gave for compiling is over.
    Time,
    /// The module has more code than is compiled of one, in bytes of WebAssembly.
    Budget(usize),
    /// The code would need this to be filled in.
    Relocation(String),
    /// There is no SSA form.
    Ssa(String),
    /// The loop cannot be entered.
    Round(&'static str),
    /// Cranelift refused it.
    Compiler(String),
    /// Cranelift panicked: a bug.
    Panic(String),
    /// An inner contradiction: a bug of this crate.
    Bug(&'static str),
}

impl Declined {
    /// A short name without what differs from function to function, to count by.
    pub fn reason(&self) -> &'static str {
        match self {
            Declined::Results => "results",
            Declined::Parameters => "parameters",
            Declined::Frame => "frame",
            Declined::Operator(_) => "operator",
            Declined::Casts => "casts",
            Declined::NoFunction => "no function",
            Declined::Subtypes => "subtypes",
            Declined::Limit(..) => "limit",
            Declined::Work(_) => "work",
            Declined::Time => "time",
            Declined::Budget(_) => "budget",
            Declined::Relocation(_) => "relocation",
            Declined::Ssa(_) => "ssa",
            Declined::Round(_) => "round",
            Declined::Compiler(_) => "compiler",
            Declined::Panic(_) => "panic",
            Declined::Bug(_) => "bug",
        }
    }
}

impl fmt::Display for Declined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Declined::Results => f.write_str("results do not fit registers"),
            Declined::Parameters => f.write_str("too many parameters or results"),
            Declined::Frame => f.write_str("its native frame is too large for its stack charge"),
            Declined::Operator(name) => write!(f, "`{name}` has no machine code"),
            Declined::Casts => {
                f.write_str("it branches by the type of a reference that is none to an object")
            }
            Declined::NoFunction => f.write_str("its type is no function's"),
            Declined::Subtypes => f.write_str("it calls by a type that may have subtypes"),
            Declined::Limit(what, max) => write!(f, "more than {max} {what}"),
            Declined::Work(max) => {
                write!(f, "compiling it would take more than {max} units of work an instruction")
            }
            Declined::Time => f.write_str("the time for compiling is over"),
            Declined::Budget(max) => {
                write!(f, "it lies behind the first {max} bytes of code of its module")
            }
            Declined::Relocation(target) => write!(f, "a relocation to {target}"),
            Declined::Ssa(why) => write!(f, "no SSA form: {why}"),
            Declined::Round(why) => write!(f, "the loop cannot be entered: {why}"),
            Declined::Compiler(why) => write!(f, "Cranelift refused it: {why}"),
            Declined::Panic(why) => write!(f, "bug: Cranelift panicked: {why}"),
            Declined::Bug(why) => write!(f, "bug: {why}"),
        }
    }
}

impl std::error::Error for Declined {}
