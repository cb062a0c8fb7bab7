//! Wasm bytes → [`Module`]: decoded, validated, and with nothing dropped.
//!
//! ```text
//! bytes ─ decode ─ validate (wasmparser) ─► Module { types, imports, …, bodies, FuncFacts, names }
//!                      └► Error { offset, func, invalid | unsupported | limit }
//! ```
//!
//! [`Module::decode`] is the one constructor: a [`Module`] is a witness that its bytes are valid
//! under its [`Features`] and within the [`Limits`]. Each body gets the size of its frames
//! ([`FrameFacts`]) in the same pass as its validation, and [`FuncFacts`] in a second pass, when
//! they are first asked for. Every later stage trusts both: matching ends, stack heights, metering
//! segments, masks of written locals.
//!
//! This crate knows nothing of how anything runs. It is the only one (with the checker) that names
//! wasmparser; what later crates need of it is re-exported here.
//!
//! ```
//! use prova_module::{Features, Limits, Module};
//!
//! let bytes = *b"\0asm\x01\0\0\0";
//! let module = Module::decode(bytes.as_slice(), &Features::default(), &Limits::default())?;
//! assert_eq!(module.func_count(), 0);
//! # Ok::<(), prova_module::Error>(())
//! ```

mod access;
mod const_expr;
mod cost;
mod decode;
mod digest;
mod error;
mod facts;
mod features;
mod func_type;
mod groups;
mod heap_code;
mod index;
mod limits;
mod module;
mod names;
pub mod objects;
pub mod ops;
mod refusal;
mod registry;
pub mod slots;
mod type_text;
mod types;
mod validate;
mod visit;
pub mod walk;

pub use access::{SharedAccess, shared_access};
pub use const_expr::{ConstExpr, ConstOp};
pub use cost::{
    CELLS_PER_UNIT, CLAUSE_ASKED_COST, FRAME_LEFT_COST, HOST_CALL_COST, THROW_COST, branch_cost,
    catch_cost, forgetting_cost, frame_cost, host_call_cost, memory_cost, memory_growth_cost,
    operator_cost, table_cost, throw_cost,
};
pub use digest::Digest;
pub use error::{Error, ErrorKind, Result};
pub use facts::{
    BlockFacts, BlockKind, ExceptionRoots, FRAME_BYTES, FrameFacts, FuncFacts, Segment, cells,
    cells_of, frame_charge_bytes, host_charge_bytes,
};
pub use features::{Features, Proposal, RefusedProposal};
pub use func_type::{FuncType, RefKind, Written};
pub use groups::{Composite, Group, RecGroup, TypeDef, Types, closure};
pub use heap_code::{Coded, coded, heap_code, ref_of_code};
pub use index::{
    DataIdx, ElemIdx, FuncIdx, GlobalIdx, LabelIdx, LocalIdx, MemoryIdx, TableIdx, TagIdx, TypeIdx,
};
pub use limits::Limits;
pub use module::{FuncBody, Module};
pub use names::Names;
pub use objects::{ObjectLayout, Storage};
pub use ops::Opcode;
pub use registry::{
    TypeId, TypeRegistry, equal_types, marked_ref_to_type, ref_to_type, type_of_ref,
};
pub use type_text::{NameType, TYPE_PARTS_MAX, field_text, type_text, val_text};
pub use types::{
    CustomSection, Data, DataMode, Element, ElementItems, ElementKind, Export, ExternKind,
    ExternType, GlobalType, Import, MemoryType, Section, TableType,
};
pub use visit::Operators;
pub use wasmparser::{
    AbstractHeapType, BinaryReader, BlockType, BrTable, Catch, FieldType, FrameKind, FrameStack,
    HeapType, Ieee32, Ieee64, MemArg, MemArgTarget, Operator, OperatorsReader, RefType,
    StorageType, TryTable, UnpackedIndex, V128, ValType, VisitOperator, VisitSimdOperator,
    for_each_operator, for_each_visit_operator, for_each_visit_simd_operator,
};
