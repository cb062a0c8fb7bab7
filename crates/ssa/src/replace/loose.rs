//! Bodies that stand for no Wasm: what a function of a module is to be, before it has bytes.
//!
//! ```text
//! Body ─ LooseBody::check (well formed) ─ passes, each proved ─► LooseBody ─ emit, EmittedBody::check_loose ─► its bytes
//! ```
//!
//! The author of the first body proves its purpose. The proof here is that each body does what the
//! one before does, by the rules of [`replace`](crate::replace), which ask of the old body that it
//! is well formed and nothing else.

use super::PassRejection;
use super::witness::Witness;
use crate::body::Body;
use crate::entity::Block;
use prova_module::{FuncIdx, Module};

/// A well-formed body of a function of a module, which may have another body in its place.
#[derive(Clone, Debug)]
pub struct LooseBody {
    module: Module,
    body: Body,
}

impl LooseBody {
    /// Takes a body that is well formed (Q1).
    ///
    /// # Errors
    /// If it is not.
    pub fn check(module: &Module, body: Body) -> Result<LooseBody, PassRejection> {
        super::form(module, &body)?;
        Ok(LooseBody { module: module.clone(), body })
    }

    /// Puts a body that a pass has made from this one in its place, if it is proved to do the same.
    ///
    /// # Errors
    /// The first rule of [`replace`](crate::replace) that is broken.
    pub fn replace(&self, after: Body, witness: &Witness) -> Result<LooseBody, PassRejection> {
        super::prove(&self.module, &self.body, &after, witness)?;
        Ok(LooseBody { module: self.module.clone(), body: after })
    }

    /// Replaces this body by one that a pass may turn into this one, as
    /// [`CheckedBody::undo`](crate::CheckedBody::undo).
    ///
    /// # Errors
    /// The first rule of [`replace`](crate::replace) that is broken.
    pub fn undo(&self, before: Body, witness: &Witness) -> Result<LooseBody, PassRejection> {
        super::prove_undone(&self.module, &before, &self.body, witness)?;
        Ok(LooseBody { module: self.module.clone(), body: before })
    }

    /// Puts a body with copies of this one's blocks in its place, as
    /// [`CheckedBody::copied`](crate::CheckedBody::copied).
    ///
    /// # Errors
    /// The first rule of the check of copies that is broken.
    pub fn copied(&self, after: Body, origins: &[Block]) -> Result<LooseBody, PassRejection> {
        super::prove_copied(&self.module, &self.body, &after, origins)?;
        Ok(LooseBody { module: self.module.clone(), body: after })
    }

    /// The body.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// The function.
    pub fn func(&self) -> FuncIdx {
        self.body.func()
    }

    /// The module whose function it is.
    pub fn module(&self) -> &Module {
        &self.module
    }
}
