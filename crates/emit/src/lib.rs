//! Emission: a body in SSA form → the bytes of one body of the code section, a module with such
//! bodies, and the proof that they are the body.
//!
//! ```text
//! CheckedBody ─ reducify ─► CheckedBody ─ emit ─► bytes ─ assemble ─► module ─ decode ─┐
//!     │                                                                                │
//!     └───────────────────────────────────────────────────► emitted: EmittedBody::check ┴─► the bytes are the body
//!
//! emit:
//! Body ─ bypass ─► Body without empty blocks, moot branches ─┐ ◄─ once more, if blocks became empty
//!    ┌───────────────────────────────────────────────────────┘
//!    ├── trees ─► steps ─ live ─► intervals ─ locals ─► a local for each value that needs one
//!    └── flow ──► order, dominators, loops ─ shape, ends ─► pieces ─ tighten, piece ─► bytes
//! ```
//!
//! The output of [`emit`] is a candidate: nothing is trusted but [`emitted`], which decodes the
//! bytes again and holds them against the body. [`trip`] does all of it for a module, and keeps the
//! bytes of every function that it could not prove. Charges and polls have no Wasm and are left
//! out: the new code has new segments.
//!
//! * Z1. The bytes are a function of module, body and [`Style`] alone.
//! * Z2. A function's parameters keep their locals.
//! * Z3. Types beyond the module's ([`Types`]) follow from the module alone, so bodies can be
//!   emitted in any order.
//!
//! # A second trip
//! Where a choice is free, it depends on nothing that the emitted code does not show: not on
//! numbers of values, blocks or declared locals. Most functions that were emitted once are emitted
//! the same again, not all: a second trip changes 7 of CoreMark's 181 functions, 18 of Lua's 826,
//! 176 of SQLite's 2,120 (`examples/again.rs` counts them). There a block that became an `if`
//! (`tighten`) stands elsewhere the next time, or a value begins or ends elsewhere, so the scan
//! finds intervals of another shape and may choose otherwise. A module that settles is made by
//! [`trip::improved`] (Y8).
//!
//! # Limits
//! An irreducible body is refused ([`EmitReason::Irreducible`]); each invocation has a separate
//! `try_table` with the clauses of all handlers around it, so code can grow as calls times clauses.

#![forbid(unsafe_code)]

mod align;
mod assemble;
mod bypass;
mod caught;
mod classes;
mod code;
mod edges;
pub mod emitted;
mod ends;
mod live;
mod moves;
mod piece;
pub mod reducify;
mod shape;
mod tighten;
mod trees;
pub mod trip;
mod uses;
mod variable;

pub use assemble::{Assembled, Relocatable, assemble, assemble_over, linked};

use bypass::{bypass, one_return};
use edges::Edges;
use prova_module::ops::Immediate;
use prova_module::{FuncIdx, FuncType, Module, Opcode, ValType};
use prova_ssa::flow::{self, Flow};
use prova_ssa::{Block, BlockData, Body, Call, Origin, Terminator};
use shape::{Landings, Shape};
use std::borrow::Cow;
use std::fmt;
use trees::Trees;
use uses::Uses;
use variable::{Locals, Source};
use wasm_encoder::Encode;
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};

/// References to exceptions, as a clause passes them.
const EXN: ValType = ValType::Ref(prova_module::RefType::EXN);

/// Bytes of a body, not checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emitted {
    /// The function.
    pub func: FuncIdx,
    /// Local declarations and operators, without the size.
    pub bytes: Vec<u8>,
    /// Whether it needs the types that [`assemble`] adds.
    pub extra_types: bool,
}

/// The treatment of a body's blocks before they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Blocks without code give way, branches that decide nothing are jumps, one block returns.
    Short,
    /// The same, but no value is the result of a block, and what a branch leaves is a block.
    Loose,
    /// Each block is written as it is, and each join has a label to which all of its edges branch:
    /// longer, and there is less to prove.
    Plain,
}

/// Why a body has no bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmitError {
    /// The function.
    pub func: FuncIdx,
    /// Why.
    pub reason: EmitReason,
}

/// Why a body has no bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmitReason {
    /// Its flow is irreducible.
    Irreducible,
    /// It branches by the type of a reference.
    Cast,
    /// An operator's immediates are not its own; `verify` finds such.
    Immediates(Opcode),
}

impl fmt::Display for EmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let func = self.func;
        match self.reason {
            EmitReason::Irreducible => write!(f, "{func}: its flow is irreducible"),
            EmitReason::Cast => write!(f, "{func} branches by the type of a reference"),
            EmitReason::Immediates(opcode) => {
                write!(f, "{func}: {} has other immediates", opcode.mnemonic())
            }
        }
    }
}

impl std::error::Error for EmitError {}

/// Types of blocks with several results and no parameters: those of the module, and behind them
/// those that a tag's values would need (Z3).
#[derive(Debug)]
pub struct Types {
    known: Vec<(Vec<ValType>, u32)>,
    extra: Vec<FuncType>,
    base: u32,
}

impl Types {
    /// The types for a module.
    pub fn new(module: &Module) -> Types {
        let base = module.types().len() as u32;
        let mut types = Types { known: Vec::new(), extra: Vec::new(), base };
        let funcs = (0..base)
            .filter_map(|index| Some((index, module.types().func(prova_module::TypeIdx(index))?)));
        for (index, ty) in funcs {
            if ty.params.is_empty() && ty.results.len() > 1 {
                types.known.push((ty.results.to_vec(), index));
            }
        }
        types.known.sort_by_key(|(results, _)| results.len());
        for tag in (0..module.tag_count() as u32).map(prova_module::TagIdx) {
            let Some(ty) = module.tag(tag) else { continue };
            types.add(ty.params.to_vec());
            types.add(ty.params.iter().copied().chain([EXN]).collect());
        }
        types
    }

    fn add(&mut self, results: Vec<ValType>) {
        if results.len() > 1 && self.find(&results).is_none() {
            let index = self.base + self.extra.len() as u32;
            self.extra.push(FuncType::new([], results.iter().copied()));
            self.known.push((results, index));
        }
    }

    fn find(&self, results: &[ValType]) -> Option<u32> {
        self.known.iter().find(|(other, _)| other == results).map(|&(_, index)| index)
    }

    /// The index of a type, and whether it is behind the module's own.
    fn results(&self, results: &[ValType]) -> (u32, bool) {
        // Clauses pass a tag's values, for which `new` has made types.
        let index = self.find(results).unwrap_or(0);
        (index, index >= self.base)
    }
}

/// The type of the function that a call calls.
pub(crate) fn callee<'m>(module: &'m Module, call: &Call) -> Option<&'m FuncType> {
    let index = |kind| call.imm.index(call.opcode, kind);
    match index(Immediate::func) {
        Some(func) => Some(module.func_type(FuncIdx(func))),
        None => module.types().get(index(Immediate::type_)? as usize),
    }
}

/// The encoder's form of a type.
fn val_type(ty: ValType) -> Option<wasm_encoder::ValType> {
    RoundtripReencoder.val_type(ty).ok()
}

/// How often locals are allocated anew because blocks have become empty, or parameters of handlers
/// have to be apart.
const ROUNDS_MAX: usize = 8;

/// The decisions about a body before it is written.
struct Plan<'b> {
    body: Cow<'b, Body>,
    edges: Edges,
    landings: Landings,
    flow: Flow,
    trees: Trees,
    locals: Locals,
}

impl<'b> Plan<'b> {
    fn of(style: Style, module: &Module, body: &'b Body) -> Result<Plan<'b>, EmitReason> {
        match style {
            Style::Short | Style::Loose => Plan::settled(module, body),
            Style::Plain => Plan::anew(Cow::Borrowed(body)),
        }
    }

    /// A plan in which no block is empty whose edges could lead past it.
    fn settled(module: &Module, body: &'b Body) -> Result<Plan<'b>, EmitReason> {
        let mut body = one_return(body);
        let edges = Edges::new(&body);
        let uses = Uses::new(&body, &edges);
        let is_source = |_: &Body, _, data: &BlockData| is_empty_source(module, data);
        let mut plan = match bypass(&mut body, &edges, &uses, is_source) {
            true => Plan::anew(body)?,
            false => Plan::new(body, edges, uses)?,
        };
        for _ in 1..ROUNDS_MAX {
            let Plan { body, edges, trees, locals, .. } = &mut plan;
            let is_empty = |body: &Body, block: Block, data: &BlockData| {
                let Terminator::Jump(edge) = data.terminator else { return false };
                is_empty_source(module, data)
                    || trees.steps(block).is_empty() && !moves::moves(body, trees, locals, &edge)
            };
            if !bypass(body, edges, &trees.uses, is_empty) {
                break;
            }
            plan = Plan::anew(plan.body)?;
        }
        Ok(plan)
    }

    fn anew(body: Cow<'b, Body>) -> Result<Plan<'b>, EmitReason> {
        let edges = Edges::new(&body);
        let uses = Uses::new(&body, &edges);
        Plan::new(body, edges, uses)
    }

    fn new(body: Cow<'b, Body>, edges: Edges, uses: Uses) -> Result<Plan<'b>, EmitReason> {
        let (graph, landings) = shape::graph(&body, &edges);
        let flow = Flow::new(&graph);
        if !flow.is_reducible {
            return Err(EmitReason::Irreducible);
        }
        let trees = trees::stackify(&body, uses);
        let order = flow::restrict(&flow, body.block_count());
        let source =
            Source { body: &body, edges: &edges, flow: &flow, order: &order, trees: &trees };
        let mut apart = vec![false; body.value_count()];
        let mut round = 0;
        let locals = loop {
            round += 1;
            let live = live::live(&body, &edges, &order, &trees, &apart);
            let locals = variable::allocate(source, &live, &apart);
            if !caught::mark(&body, &trees, &locals, round == ROUNDS_MAX, &mut apart) {
                break locals;
            }
        };
        Ok(Plan { body, edges, landings, flow, trees, locals })
    }
}

/// Whether nothing but ends and starts of blocks stood between a label and the jump behind it.
fn is_empty_source(module: &Module, data: &BlockData) -> bool {
    let Origin::Label(_) = data.origin else { return false };
    let mut code = module.bytes().get(data.offset as usize..data.end as usize);
    // `end`, and `block` without parameters and results.
    while let Some([0x0b, rest @ ..] | [0x02, 0x40, rest @ ..]) = code {
        code = Some(rest);
    }
    code == Some(&[])
}

/// Emits a body in the short style.
///
/// # Errors
/// If its flow is irreducible, or it is not well formed.
pub fn emit(module: &Module, types: &Types, body: &Body) -> Result<Emitted, EmitError> {
    emit_with(Style::Short, module, types, body).map(|(emitted, _)| emitted)
}

/// Emits a body; gives the local of each value too, by the value's number (`u32::MAX` for none).
///
/// # Errors
/// As [`emit`].
pub fn emit_with(
    style: Style,
    module: &Module,
    types: &Types,
    body: &Body,
) -> Result<(Emitted, Vec<u32>), EmitError> {
    let func = body.func();
    let plan = Plan::of(style, module, body).map_err(|reason| EmitError { func, reason })?;
    let Plan { body, landings, flow, trees, locals, .. } = &plan;
    let mut shape = Shape::new(style, module, body, types, flow, trees, locals, landings);
    shape.run().map_err(|reason| EmitError { func, reason })?;
    let mut bytes = Vec::with_capacity(shape.code.len() + 4 * shape.pieces.len() + 16);
    let groups = || locals.declared.chunk_by(|a, b| a == b);
    groups().count().encode(&mut bytes);
    for group in groups() {
        group.len().encode(&mut bytes);
        if let Some(ty) = val_type(group[0]) {
            ty.encode(&mut bytes);
        }
    }
    let is_void = module.func_type(func).results.is_empty();
    let alias = match style {
        Style::Short | Style::Loose => piece::aliases(&shape.pieces, shape.labels, is_void),
        Style::Plain => piece::own_labels(shape.labels),
    };
    if style == Style::Short {
        tighten::tighten(&mut shape, &locals.types, &alias);
    }
    piece::write(&shape.pieces, &alias, &shape.code, &mut bytes);
    let extra_types = shape.extra;
    Ok((Emitted { func, bytes, extra_types }, plan.locals.home))
}
