//! Passes: a body that is proved equal to its Wasm → one that does the same with less, proved
//! again.
//!
//! ```text
//! CheckedBody ─ pass ─► Plan ─ rebuild ─► Body, Witness ─ CheckedBody::replace ─┬─► CheckedBody ─ the next pass
//!     │                                                                         └─► PassRejection: reported
//!     └───────────────────────── the body before it goes on ◄────────────────────────────┘
//! ```
//!
//! Nothing here is trusted: a pass reads a body and proposes another one, with a [`Witness`] of why
//! both are equal. The check ([`prova_ssa::replace`]) proves that, or refuses, and then the pass
//! has not been. Several passes in a row share a proof where one is enough (`row`). Each pass is
//! one file; none knows another, and the order is [`Pass::DEFAULT`]:
//!
//! 1. `params`, because the walk of a structured program leaves parameters that are one value;
//! 2. `fold`, which decides branches by constants;
//! 3. `thread`, over blocks that became empty or decided;
//! 4. `merge`, of what then follows in a line, so that blocks are long;
//! 5. `hoist`, of what gives the same in every round of a loop;
//! 6. `gvn`, which makes equal addresses one value;
//! 7. `near`, which makes sums of one value that value and an offset;
//! 8. `forward`, of loads and reads by these addresses;
//! 9. `stores`, of what is overwritten and, behind `forward`, no longer read;
//! 10. `fold` again, of what was forwarded;
//! 11. `dead`, which removes what all of them have left unread;
//! 12. `params` again, of what by then has one value on every edge that is left.
//!
//! A loop is turned by copies of blocks, which have a proof of another kind ([`turn`]).
//!
//! Limits: each pass runs once each time it is named; nothing is iterated. Passes are linear in the
//! body up to the constants that their files name, and deterministic. Charges and polls are
//! effects, so metered bodies are as good as any.

#![forbid(unsafe_code)]

mod dead;
mod fold;
mod forward;
mod gvn;
mod hoist;
mod leaders;
mod merge;
mod near;
mod params;
mod plant;
mod rebuild;
mod row;
mod stores;
mod thread;
pub mod turn;

use prova_module::Module;
use prova_ssa::replace::{LooseBody, PassRejection, Witness};
use prova_ssa::{Body, CheckedBody};
use row::Made;
use std::fmt;
use std::str::FromStr;

/// A pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pass {
    /// Parameters that are one value become it.
    Params,
    /// Operators on constants become constants, control that they decide becomes jumps.
    Fold,
    /// Edges lead past blocks that only decide where to go on.
    Thread,
    /// Blocks with a single jump into them are appended.
    Merge,
    /// Pure operators that give the same in every round of a loop are computed before it.
    Hoist,
    /// Pure operators with a value that is known become it.
    Gvn,
    /// Accesses by a sum become accesses by what is added to.
    Near,
    /// Loads and reads of globals become what the block has stored or loaded.
    Forward,
    /// Stores that are overwritten before anything sees them go.
    Stores,
    /// Values and instructions that nothing observes go.
    Dead,
}

impl Pass {
    /// All passes.
    pub const ALL: [Pass; 10] = [
        Pass::Params,
        Pass::Fold,
        Pass::Thread,
        Pass::Merge,
        Pass::Hoist,
        Pass::Gvn,
        Pass::Near,
        Pass::Forward,
        Pass::Stores,
        Pass::Dead,
    ];

    /// The passes in the order in which they run if nothing else is asked for.
    pub const DEFAULT: [Pass; 12] = [
        Pass::Params,
        Pass::Fold,
        Pass::Thread,
        Pass::Merge,
        Pass::Hoist,
        Pass::Gvn,
        Pass::Near,
        Pass::Forward,
        Pass::Stores,
        Pass::Fold,
        Pass::Dead,
        Pass::Params,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Pass::Params => "params",
            Pass::Fold => "fold",
            Pass::Thread => "thread",
            Pass::Merge => "merge",
            Pass::Hoist => "hoist",
            Pass::Gvn => "gvn",
            Pass::Near => "near",
            Pass::Forward => "forward",
            Pass::Stores => "stores",
            Pass::Dead => "dead",
        }
    }

    /// The body that it proposes, with its witness; `None` if it changes nothing.
    pub fn run(self, before: &CheckedBody) -> Option<(Body, Witness)> {
        let made = self.propose(before.module(), before.body())?;
        Some((made.body, made.witness))
    }

    /// The same, of a well-formed body of a module.
    fn propose(self, module: &Module, body: &Body) -> Option<Made> {
        match self {
            Pass::Params => params::plan(body),
            Pass::Fold => fold::plan(body),
            Pass::Thread => thread::plan(body),
            Pass::Merge => merge::plan(body),
            Pass::Hoist => hoist::plan(body),
            Pass::Gvn => gvn::plan(body),
            Pass::Near => near::plan(module, body),
            Pass::Forward => forward::plan(module, body),
            Pass::Stores => stores::plan(module, body),
            Pass::Dead => dead::plan(body),
        }
        .rebuild()
    }
}

impl fmt::Display for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that no pass has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownPass(String);

impl fmt::Display for UnknownPass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Pass::ALL.map(Pass::name).join(", ");
        write!(f, "there is no pass `{}`; the passes are {names}", self.0)
    }
}

impl std::error::Error for UnknownPass {}

impl FromStr for Pass {
    type Err = UnknownPass;

    fn from_str(name: &str) -> Result<Pass, UnknownPass> {
        let found = Pass::ALL.into_iter().find(|pass| pass.name() == name);
        found.ok_or_else(|| UnknownPass(name.to_owned()))
    }
}

/// A pass that was refused; it has changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The pass.
    pub pass: Pass,
    /// Why.
    pub rejection: PassRejection,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pass `{}` is left out: {}", self.pass, self.rejection)
    }
}

/// Runs passes in order; one that is refused is left out and reported.
///
/// The result of several passes in a row is proved at once (`row`); if that is refused, each is
/// followed by its check.
pub fn optimize(body: CheckedBody, passes: &[Pass]) -> (CheckedBody, Vec<LeftOut>) {
    in_rows(body, passes)
}

/// The same, of a body that stands for no Wasm.
pub fn optimize_loose(body: LooseBody, passes: &[Pass]) -> (LooseBody, Vec<LeftOut>) {
    in_rows(body, passes)
}

/// A body that a proved one can take the place of.
trait Replace: Sized {
    fn parts(&self) -> (&Module, &Body);

    fn replace_by(&self, after: Body, witness: &Witness) -> Result<Self, PassRejection>;
}

impl Replace for CheckedBody {
    fn parts(&self) -> (&Module, &Body) {
        (self.module(), self.body())
    }

    fn replace_by(&self, after: Body, witness: &Witness) -> Result<Self, PassRejection> {
        self.replace(after, witness)
    }
}

impl Replace for LooseBody {
    fn parts(&self) -> (&Module, &Body) {
        (self.module(), self.body())
    }

    fn replace_by(&self, after: Body, witness: &Witness) -> Result<Self, PassRejection> {
        self.replace(after, witness)
    }
}

fn in_rows<B: Replace>(mut body: B, passes: &[Pass]) -> (B, Vec<LeftOut>) {
    let mut refused = Vec::new();
    // The result for `body` of the passes that have changed something, and those passes.
    let (mut made, mut row): (Option<Made>, Vec<Pass>) = (None, Vec::new());
    for &pass in passes {
        let is_broken = made.as_ref().is_some_and(|made| made.trace.is_broken);
        if is_broken {
            body = prove(body, made.take(), &mut row, &mut refused).0;
        }
        let Some(mut next) = propose(&body, made.as_ref(), pass) else { continue };
        if row::is_apart(pass, &row) {
            let is_proved;
            (body, is_proved) = prove(body, made.take(), &mut row, &mut refused);
            if !is_proved {
                let Some(again) = propose(&body, None, pass) else { continue };
                next = again;
            }
        }
        made = Some(match made {
            Some(first) => row::after(&first, next),
            None => next,
        });
        row.push(pass);
    }
    (prove(body, made, &mut row, &mut refused).0, refused)
}

/// The proposal of a pass for the result of other passes, or else for the body itself.
fn propose(body: &impl Replace, made: Option<&Made>, pass: Pass) -> Option<Made> {
    let (module, body) = body.parts();
    pass.propose(module, made.map_or(body, |made| &made.body))
}

/// Ends a row of passes: the body that it has made, and whether it is that; else each pass is
/// followed by its check.
fn prove<B: Replace>(
    body: B,
    made: Option<Made>,
    row: &mut Vec<Pass>,
    refused: &mut Vec<LeftOut>,
) -> (B, bool) {
    let row = std::mem::take(row);
    let Some(Made { body: after, witness, .. }) = made else { return (body, true) };
    match body.replace_by(after, &witness) {
        Ok(replaced) => (replaced, true),
        Err(_) => (in_order(body, &row, refused), false),
    }
}

/// Runs passes in order, each followed by its check.
fn in_order<B: Replace>(mut body: B, passes: &[Pass], refused: &mut Vec<LeftOut>) -> B {
    for &pass in passes {
        let Some(Made { body: after, witness, .. }) = propose(&body, None, pass) else { continue };
        match body.replace_by(after, &witness) {
            Ok(replaced) => body = replaced,
            Err(rejection) => refused.push(LeftOut { pass, rejection }),
        }
    }
    body
}
