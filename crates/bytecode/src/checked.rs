//! The witness: bytecode of one function that the check has accepted for one module and one set of
//! settings.
//!
//! [`CheckedBytecode::check`] is the one constructor (a test's faults aside, `plant`), so the rules
//! F1 to F15 and Q1 to Q13 of [`crate::check`] hold for the results of the accessors of a
//! `CheckedBytecode`. Nothing changes it afterwards.

use crate::candidate::{Candidate, ControlHint, Handler, MapEntry, Settings};
use crate::check::{self, CheckError};
use crate::handlers::Ranges;
use crate::identity::Identity;
use core::fmt;
use prova_module::{BlockKind, FuncIdx, Module};
use std::any::Any;
use std::sync::{Arc, OnceLock};

#[cfg(prova_plant)]
pub mod plant;

/// Bytecode of one function that has been checked.
#[derive(Clone)]
pub struct CheckedBytecode {
    identity: Identity,
    code: Candidate,
    local_cells: u32,
    param_cells: u32,
    result_cells: u32,
    charge_bytes: u64,
    ranges: Ranges,
    kept: OnceLock<Arc<dyn Any + Send + Sync>>,
}

impl CheckedBytecode {
    /// Checks `candidate` as the code of its function in `module`, run with `settings`.
    ///
    /// # Errors
    /// The first rule that the candidate breaks. The fault is never the module's: an error is a bug
    /// of the candidate's maker (or of the check), and the code must not run.
    pub fn check(
        module: &Module,
        settings: &Settings,
        candidate: Candidate,
    ) -> Result<CheckedBytecode, CheckError> {
        let facts = check::check(module, settings, &candidate, ())?;
        Ok(CheckedBytecode {
            identity: Identity::new(module, settings),
            local_cells: facts.local_cells,
            param_cells: facts.param_cells,
            result_cells: facts.result_cells,
            charge_bytes: facts.charge_bytes(),
            ranges: Ranges::new(&candidate.handlers),
            kept: OnceLock::new(),
            code: candidate,
        })
    }

    /// The function.
    pub fn func(&self) -> FuncIdx {
        self.code.func
    }

    /// The module and the settings that it was checked for.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The module that it was checked against.
    pub fn module(&self) -> &Module {
        self.identity.module()
    }

    /// The settings that it was checked for.
    pub fn settings(&self) -> &Settings {
        self.identity.settings()
    }

    /// The code.
    pub fn words(&self) -> &[u64] {
        &self.code.words
    }

    /// The executor's form of the code, made once and kept with it: the value of `make` at the
    /// first call; `None` if a value of another type is kept. So code that one executor has taken
    /// is not taken by another one with another form. `make` must not call this for the same code:
    /// that never returns.
    pub fn kept<T: Any + Send + Sync>(
        &self,
        make: impl FnOnce(&CheckedBytecode) -> T,
    ) -> Option<&T> {
        self.kept.get_or_init(|| Arc::new(make(self))).downcast_ref()
    }

    /// The size of its frame in cells.
    pub fn frame_cells(&self) -> u32 {
        self.code.frame_cells
    }

    /// Cells of its parameters.
    pub fn param_cells(&self) -> u32 {
        self.param_cells
    }

    /// Cells of its parameters and locals.
    pub fn local_cells(&self) -> u32 {
        self.local_cells
    }

    /// Cells of its results.
    pub fn result_cells(&self) -> u32 {
        self.result_cells
    }

    /// The charge of a frame against the logical stack limit, in bytes; at least 8 for each cell of
    /// the frame.
    pub fn charge_bytes(&self) -> u64 {
        self.charge_bytes
    }

    /// The Wasm offset of the operator that the instruction at `word` belongs to; for a word beyond
    /// the code, of the last.
    pub fn offset_of(&self, word: u32) -> u32 {
        let map = &self.code.map;
        // F12: there is an entry at word 0.
        let entry = map.partition_point(|entry| entry.word <= word).saturating_sub(1);
        map.get(entry).map_or(0, |entry| entry.offset)
    }

    /// The offset in the module of the `loop` whose label is the word, the innermost of several. On
    /// every edge there each local is in its slot, and so is each operand below the label's values
    /// and each of these (Q5, Q6, Q12).
    pub fn loop_at(&self, word: u32) -> Option<u32> {
        let hints = &self.code.controls;
        // F13.
        let end = hints.partition_point(|hint| hint.word <= word);
        let mut at = hints[..end].iter().rev().take_while(|hint| hint.word == word);
        let blocks = &self.module().facts(self.code.func)?.blocks;
        at.find_map(|hint| {
            // The body begins where its first operator is; the block that this opens comes behind.
            let behind = blocks.partition_point(|block| block.start <= hint.offset);
            let block = blocks.get(behind.checked_sub(1)?)?;
            let is_loop = block.kind == BlockKind::Loop && block.start == hint.offset;
            is_loop.then_some(hint.offset)
        })
    }

    /// The handlers whose range has `word`, the first to ask first. Finding the first one takes the
    /// logarithm of their number, each further one constant time.
    pub fn handlers_at(&self, word: u32) -> impl Iterator<Item = &Handler> {
        self.ranges.at(&self.code.handlers, word)
    }

    /// All handlers.
    pub fn handlers(&self) -> &[Handler] {
        &self.code.handlers
    }

    /// The whole map, by ascending word.
    pub fn map(&self) -> &[MapEntry] {
        &self.code.map
    }

    /// Where the code of each control operator in reach ends, for tools: in order (F13), one for
    /// each and no other (Q12).
    pub fn controls(&self) -> &[ControlHint] {
        &self.code.controls
    }
}

impl fmt::Debug for CheckedBytecode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckedBytecode")
            .field("func", &self.code.func)
            .field("settings", self.settings())
            .field("words", &self.code.words.len())
            .field("frame_cells", &self.code.frame_cells)
            .finish_non_exhaustive()
    }
}
