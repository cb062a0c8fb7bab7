//! A compiled module of Wasmtime 48 and its Wasm → whether all of its code stays in its sandbox.
//!
//! ```text
//! M.cwasm ─ artifact ─► text, symbols, traps, handlers, settings ──┐
//! M.wasm ─ module ─► types, functions, memories, tables, globals ──┼─ layout ─► prova_check::Layout
//!                                                                  └─ verify: certify, check ─► Report
//!                                                                       └ verified ─► Verified, which owns the bytes
//! ```
//!
//! The layout is derived from the Wasm and the settings that the file names, never from its code.
//! What holds of accepted code is what the check claims of Prova's own (`docs/trust/claims.md`),
//! with the structures of Wasmtime in the place of Prova's ([`prova_check::Contract::Contexts`]).
//!
//! Limits: references other than to functions and exceptions, tables and globals of exceptions,
//! counts of elements of element segments that are no constants, and builtins without a row in
//! `builtins` have no rule. What a file says beside its code is for the caller to compare
//! ([`Compare`]; the
//! crate `prova-wasmtime-info` does); where nobody does ([`uncompared`]), no file is accepted as a
//! whole ([`Report::is_confined`]).

pub mod artifact;
mod builtins;
mod error;
mod exceptions;
pub mod layout;
mod module;
pub mod offsets;
mod patches;
mod piece;
mod settings;
mod stack_maps;
mod traps;
mod verified;
mod verify;

pub use artifact::{Artifact, Symbol, SymbolKind, is_one};
pub use error::{Error, File};
pub use layout::Counts;
pub use patches::Patches;
pub use piece::{Piece, Which, piece};
pub use settings::{Collector, Settings};
pub use verified::{Functions, Unverified, Verified};
pub use verify::{
    ANOTHER, Compare, Refusal, Report, Rest, UNCHECKED, uncompared, verify, verify_on,
};
