//! A function from a round of one of its loops on: a separate body, proved to do what the rest of
//! the function does.
//!
//! ```text
//! propose ─┬─► copies of the blocks behind the header ─┐
//!          │                                            ├─ check ─► EnteredBody
//!          └─► whole body ─ `check::round` ─► values ───┘
//! ```
//!
//! A run that has spent long in a loop goes on in code of such a body: with what locals and the
//! stack hold where a round begins. The round itself has not begun: its poll and its charge are the
//! first operators of the body. What the function was charged for its frame stays charged.
//!
//! The proof has two halves. The whole body is proved equal to its Wasm in lockstep, and on the way
//! which of its values the places are where the round begins (`check::round`). The new body is
//! copies of blocks of the whole one behind an entry that takes these values
//! (`replace/copies`, Q22). `propose` is not trusted.
//!
//! # Limits
//! A loop above an operand that the rest of the function makes anew and reads has no way in: its
//! header has no parameter for it. A loop that only handlers lead back to has none if it lies above
//! operands (`check::round`).
//!
//! Noticed by: `tests/entered.rs`, and by runs in which code changes over at random rounds
//! (`prova-testing native --swaps`).

mod propose;

pub use propose::propose;

use crate::body::{Body, Metering, Place};
use crate::build::BuildError;
use crate::check::{self, Rejection};
use crate::entity::{Block, Value};
use crate::held::Held;
use crate::replace::PassRejection;
use crate::replace::{Round, prove_entered};
use prova_module::{FuncIdx, Module};
use std::fmt;

/// A body that is proposed for a function from a round of a loop on, with hints for the proof.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// The offset of the `loop` in the module.
    pub offset: u32,
    /// The body.
    pub body: Body,
    /// The places whose values the parameters of its entry hold: locals, or operands on the stack,
    /// counted from its bottom.
    pub places: Vec<Place>,
    /// By block: the block of the whole body that it is a copy of. The entry's has no meaning.
    pub origins: Vec<Block>,
    /// The references to exceptions and objects that the frame holds at operators of the body.
    pub held: Held,
}

/// A body that is proved to do what its function does from a round of a loop on.
#[derive(Clone, Debug)]
pub struct EnteredBody {
    module: Module,
    offset: u32,
    body: Body,
    places: Vec<Place>,
    cells: Vec<u32>,
    held: Held,
}

/// Why a proposal is refused: a bug of what made it, or of the check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The whole body, or the relation where the round begins, is not proved.
    Whole(Rejection),
    /// The new body is not proved.
    Copies(PassRejection),
}

/// Why there is no such body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnterError {
    /// The function has no SSA form.
    Build(BuildError),
    /// There is no such loop, or none that can be entered.
    NoWay(&'static str),
    /// The proof failed.
    Refused(Refusal),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Whole(error) => error.fmt(f),
            Refusal::Copies(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for EnterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EnterError::Build(error) => error.fmt(f),
            EnterError::NoWay(why) => write!(f, "the loop cannot be entered: {why}"),
            EnterError::Refused(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Refusal {}
impl std::error::Error for EnterError {}

impl EnteredBody {
    /// Proves a proposal; `whole` is the body of the whole function.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check(
        module: &Module,
        whole: &Body,
        proposal: Proposal,
    ) -> Result<EnteredBody, Refusal> {
        let Proposal { offset, body, places, origins, held } = proposal;
        let (header, found) =
            check::values_at(module, whole, offset, &places).map_err(Refusal::Whole)?;
        let values: Vec<Value> = found.iter().map(|found| found.value).collect();
        let round = Round { header, values: &values };
        prove_entered(module, whole, &body, &origins, &round).map_err(Refusal::Copies)?;
        let cells = found.iter().map(|found| found.cell).collect();
        Ok(EnteredBody { module: module.clone(), offset, body, places, cells, held })
    }

    /// The body.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// The module whose function it is.
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// The offset of the `loop` in the module.
    pub fn offset(&self) -> u32 {
        self.offset
    }

    /// The places whose values the parameters of its entry hold.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// The cell of each of these in a frame of bytecode: locals, then the stack from its bottom.
    pub fn cells(&self) -> &[u32] {
        &self.cells
    }

    /// The references to exceptions and objects that the frame holds at operators of the body,
    /// which nobody has proved.
    pub fn held(&self) -> &Held {
        &self.held
    }
}

/// The body of a function from a round of the loop at an offset on, with the charges and polls that
/// `metering` asks for.
///
/// # Errors
/// Why there is none.
pub fn enter(
    module: &Module,
    func: FuncIdx,
    offset: u32,
    metering: Metering,
) -> Result<EnteredBody, EnterError> {
    let (whole, proposal) = propose(module, func, offset, metering)?;
    EnteredBody::check(module, &whole, proposal).map_err(EnterError::Refused)
}
