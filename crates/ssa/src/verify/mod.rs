//! Verifying: whether a body is well formed, no matter where it comes from.
//!
//! ```text
//! Body ─ S1, S2 (names, shape) ─ dominators ─ S3, S4 ─ S5 to S9, block by block ─► ok, or the first rule that is broken
//! ```
//!
//! It says nothing of the body's results: that is the proof's. Everything that reads bodies may
//! rely on these rules, so a body from elsewhere (parsed, or made by a pass) goes through here
//! first, and nothing here panics for any body.
//!
//! # Rules
//! * S1. *Names.* Blocks and values that are named exist, and all lists lie in their pools (by
//!   construction).
//! * S2. *Entry.* There is an entry; its parameters have the types of the function's, and no edge
//!   leads to it.
//! * S3. *Reach.* The entry reaches every block.
//! * S4. *Dominance.* A value's definition dominates each use; a block stands behind its immediate
//!   dominator.
//! * S5. *Types.* Operands match, and results have, the types that the row of the operator says; so
//!   do the operands of terminators.
//! * S6. *Edges.* An edge has as many arguments as its block has parameters, each of a type that
//!   matches; payloads are those of the edge.
//! * S7. *Handlers.* A block has the edge of an exception into it exactly if it ends in `catch`; it
//!   has no instructions. A handler that catches all has no outer one.
//! * S8. *Metering.* There are charges, and polls, only if the body has that metering.
//! * S9. *Operators.* Instructions and calls are operators of their kind; immediates fit, and what
//!   they name exists.
//!
//! Time: `O(m log n)` (dominators), else linear. Noticed by: `tests/verify.rs`, with a body for
//! each rule that breaks it.

mod blocks;
mod signature;

pub(crate) use signature::converted;
pub use signature::{Operand, Site, Types, non_null};

use crate::body::{Body, Def};
use crate::dominance::Dominators;
use crate::entity::{Block, Inst, Value};
use blocks::Checker;
use prova_module::{Module, ValType};
use std::fmt;

/// A rule of well-formed bodies: S1 to S9 of the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// S1
    Names,
    /// S2
    Entry,
    /// S3
    Reach,
    /// S4
    Dominance,
    /// S5
    Types,
    /// S6
    Edges,
    /// S7
    Handlers,
    /// S8
    Metering,
    /// S9
    Operators,
}

/// Which rule a body breaks, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyError {
    /// The block; `None` for the body as a whole.
    pub block: Option<Block>,
    /// The instruction; `None` for the block's head and its terminator.
    pub inst: Option<Inst>,
    /// The rule.
    pub rule: Rule,
    /// The fault that breaks it.
    pub what: String,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(block) = self.block {
            write!(f, "{block}")?;
        }
        if let Some(inst) = self.inst {
            write!(f, ", {inst}")?;
        }
        write!(f, ": {:?}: {}", self.rule, self.what)
    }
}

impl std::error::Error for VerifyError {}

type Verified = Result<(), VerifyError>;

/// Verifies a body of a function of a module.
///
/// # Errors
/// The first rule that it breaks.
pub fn verify(module: &Module, body: &Body) -> Verified {
    verify_entered(module, body, None)
}

/// The same of a body whose entry has parameters of these types, if any are given, in place of the
/// function's.
pub(crate) fn verify_entered(module: &Module, body: &Body, params: Option<&[ValType]>) -> Verified {
    let error = |block: Option<Block>, rule, what: &str| {
        Err(VerifyError { block, inst: None, rule, what: what.to_owned() })
    };
    if module.body(body.func()).is_none() {
        return error(None, Rule::Entry, "a function that the module does not define");
    }
    if body.block_count() == 0 {
        return error(None, Rule::Entry, "no entry");
    }
    names(body)?;
    let types = Types::new(module);
    entry(body, &types, params)?;
    let dominators = Dominators::new(body);
    for (block, _) in body.blocks() {
        if !dominators.reaches(block) {
            return error(Some(block), Rule::Reach, "nothing reaches it");
        }
        if dominators.idom(block).is_some_and(|idom| idom > block) {
            return error(Some(block), Rule::Dominance, "it stands before its dominator");
        }
    }
    Checker::new(body, &types, &dominators).check()
}

/// S1
fn names(body: &Body) -> Verified {
    let exists = |value: &Value| (value.as_u32() as usize) < body.value_count();
    for (block, data) in body.blocks() {
        let error = |inst, what: String| {
            Err(VerifyError { block: Some(block), inst, rule: Rule::Names, what })
        };
        for inst in data.insts() {
            if let Some(value) = body.operands(body.inst(inst).args).iter().find(|v| !exists(v)) {
                return error(Some(inst), format!("there is no {value}"));
            }
        }
        let operands = body.terminator_operands(&data.terminator);
        if let Some(value) = operands.iter().find(|value| !exists(value)) {
            return error(None, format!("there is no {value}"));
        }
        for edge in body.successors(block) {
            if edge.block.as_u32() as usize >= body.block_count() {
                return error(None, format!("there is no {}", edge.block));
            }
            let mut values = body.args(&edge).iter().filter_map(|arg| arg.value());
            if let Some(value) = values.find(|value| !exists(value)) {
                return error(None, format!("there is no {value}"));
            }
        }
    }
    Ok(())
}

/// S2
fn entry(body: &Body, types: &Types<'_>, params: Option<&[ValType]>) -> Verified {
    let error = |block, what: &str| {
        Err(VerifyError {
            block: Some(block),
            inst: None,
            rule: Rule::Entry,
            what: what.to_owned(),
        })
    };
    let params = params.unwrap_or(&types.module().func_type(body.func()).params);
    let entry = body.entry();
    let own = body.block(entry).params().map(|value| body.value(value).ty);
    if !own.eq(params.iter().copied()) {
        return error(entry, "other parameters than the function's");
    }
    for (block, _) in body.blocks() {
        if body.successors(block).any(|edge| edge.block == entry) {
            return error(block, "an edge to the entry");
        }
    }
    Ok(())
}

/// The block in which a value is made, and by which instruction.
pub(crate) fn made_in(
    body: &Body,
    value: Value,
    of_inst: impl Fn(Inst) -> Block,
) -> (Block, Option<Inst>) {
    match body.value(value).def {
        Def::Param(block, ..) => (block, None),
        Def::Result(inst, _) => (of_inst(inst), Some(inst)),
    }
}
