//! `-W` of commands that load a module and run nothing: what the module may use.
//!
//! Commands that run a module have the whole group ([`Wasm`]), with fuel and limits. Of it these
//! take the proposals, by the same keys; any other key is misuse, so that none is without effect.
//! There is no long name: `verify --wasm` names a file.
//! `tests/loads.rs` has all commands that load a module.

use crate::groups::{Wasm, is_proposal};
use clap::Args;
use prova_core::{Features, Result};

/// Why other keys are refused.
const WHY: &str = "this command runs nothing: of `-W` it takes proposals alone";

/// The proposals that modules may use.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Proposals {
    /// Proposals that modules may use, such as `shared-memory` or `gc=n` (`-W help`)
    #[arg(short = 'W', value_name = "KEY[=VAL],…")]
    proposals: Vec<String>,
}

impl Proposals {
    /// Whether the option is given.
    pub(crate) fn is_given(&self) -> bool {
        !self.proposals.is_empty()
    }

    /// The proposals.
    ///
    /// # Errors
    /// [`Misuse`](crate::report::Misuse), or a request for help.
    pub(crate) fn features(&self) -> Result<Features> {
        Wasm::only(&self.proposals, is_proposal, WHY)?;
        Ok(Wasm::parse(&self.proposals)?.features())
    }
}
