//! Machine code and a certificate → [`CheckedCode`], or a [`Rejection`].
//!
//! ```text
//! Wasm bytes + Config ─ Layout::derive ─► Layout ┐
//! code bytes, rows of traps and calls ───────────┼─ Layout::check ─► CheckedCode | Rejection
//! certificate ───────────────────────────────────┘
//! ```
//!
//! [`Layout::check`] is the one constructor of [`CheckedCode`]: a witness that the **final bytes**
//! stay in their sandbox, no matter which compiler made them. The property
//! (`docs/trust/claims.md`): entered with the instance's context, every instruction that runs is
//! one that was decoded here; every access lies in a region of the layout with its right; control
//! leaves by declared calls, returns and traps only; on return stack pointer, return address and
//! callee-saved registers are as the convention says. That the code computes what the Wasm says is
//! *not* claimed.
//!
//! The check is a typed linear pass in the style of proof-carrying code (Necula, POPL 1997) with
//! the facts of value-equality classes and a partial order over them. The certificate states facts
//! at the entries of merge blocks; all else is recomputed. Reading order: `word`, `value`, `rules`
//! (what is computed with numbers, generic over words), `symbols`, `facts`, `state`, `contract`,
//! `layout`, `assemble`, `structures`, `own_structures`, `x64`, `machine`, `access`, `fields`,
//! `masked`, `conditions`, `operands`, `step`, `calls`, `hosted`, `ways`, `landing`, `claims`,
//! `certificate`, `blocks`, `metadata`, `written`, `pass`.
//!
//! This crate knows nothing of the compiler or of the runtime. It does not panic and allocates in
//! proportion to its input. Of Spectre the masked shape claims the first variant for the code's own
//! accesses (F4 of `facts`), other shapes nothing.

#![no_std]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable
    )
)]

extern crate alloc;

/// An expression, or, under `--cfg prova_plant`, another one while this fault is planted (`plant`).
#[cfg(prova_plant)]
macro_rules! planted {
    ($plant:ident, $right:expr, $wrong:expr) => {
        if crate::plant::on(crate::plant::Plant::$plant) { $wrong } else { $right }
    };
}

/// An expression.
#[cfg(not(prova_plant))]
macro_rules! planted {
    ($plant:ident, $right:expr, $wrong:expr) => {
        $right
    };
}

pub mod abi;
mod access;
mod assemble;
mod blocks;
pub mod builtins;
mod calls;
pub mod canary;
pub mod certificate;
mod checked;
mod claims;
mod conditions;
mod contract;
mod counts;
mod equal_types;
mod error;
mod facts;
mod fields;
mod floats;
mod hosted;
mod landing;
mod layout;
mod ledger;
mod machine;
mod masked;
mod metadata;
mod nonzero;
mod objects;
mod operands;
mod own_structures;
mod pass;
#[cfg(prova_plant)]
pub mod plant;
pub mod rules;
mod state;
mod step;
mod structures;
mod symbols;
mod value;
mod vector;
mod ways;
pub mod word;
mod written;
pub mod x64;

pub use assemble::Parts;
pub use blocks::keeps;
pub use checked::{CheckedCode, Code};
pub use claims::{Claim, Name};
pub use contract::{Activation, CodeKind, Contract, Way};
pub use error::{Fault, Rejection, Rule};
pub use facts::{Fact, Facts, Node, Path, Reading, WALK_MAX};
pub use layout::{
    Bases, Config, CpuLevel, Global, ITEMS_MAX, Layout, LayoutError, Memory, MemoryShape, Metering,
    Signature, Table, Ty, offsets,
};
pub use ledger::{Ledger, ledger};
pub use machine::{FRAME_BYTES_MAX, Machine};
pub use metadata::{CallRow, Clause, Says, TrapRow, traps};
pub use pass::{CODE_BYTES_MAX, KNOWN_BASE, KNOWN_MAX, WAITING_WORDS_MAX, WORK_MAX};
pub use state::{Answers, Flags, Loc, State};
pub use step::{Effect, Faults, Flow};
pub use structures::{
    Answer, Area, Argument, Failure, Field, Holds, Hosted, Structure, Structures, Widths,
};
pub use symbols::{Def, Extent, Heap, Kind, Record, RefKind, RefType, Summand, Symbols};
pub use value::{Base, Sym, Value};
