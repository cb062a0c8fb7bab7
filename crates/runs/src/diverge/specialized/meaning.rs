//! The reference semantics of intrinsics: the imports by which an interpreter talks to a
//! specialiser, and their meaning where the interpreter runs without being specialised.
//!
//! The table is independent of the specialiser's one.
//!
//! | intrinsics | meaning |
//! |---|---|
//! | `read.reg`, `write.reg` | a variable of the activation |
//! | `push.stack`, `write.stack`, `write.local` | an i64 store at the first operand |
//! | `pop.stack`, `read.stack`, `read.local` | an i64 load at the first operand |
//! | `specialize.value` | its first operand |
//! | `read.specialization.global` | the constant of the request |
//! | all others | none |
//!
//! Noticed by: `crates/cli/tests/lockstep.rs`, which runs interpreters that use them.

use prova_module::{ExternType, FuncIdx, Module};

/// The module that intrinsics are imported from.
const MODULE: &str = "weval";

/// An intrinsic. Those that neither the shadow map nor the report distinguishes are one variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Intrinsic {
    PushContext,
    UpdateContext,
    PopContext,
    SpecializeValue,
    ReadGlobal,
    ReadReg,
    WriteReg,
    PushStack,
    PopStack,
    ReadStack,
    WriteStack,
    SyncStack,
    ReadLocal,
    WriteLocal,
    /// An intrinsic without meaning, with its number of operands.
    Nothing(u8),
}

impl Intrinsic {
    fn named(name: &str) -> Option<Intrinsic> {
        use Intrinsic as I;
        Some(match name {
            "push.context" => I::PushContext,
            "update.context" => I::UpdateContext,
            "pop.context" => I::PopContext,
            "specialize.value" => I::SpecializeValue,
            "read.specialization.global" => I::ReadGlobal,
            "read.reg" => I::ReadReg,
            "write.reg" => I::WriteReg,
            "push.stack" => I::PushStack,
            "pop.stack" => I::PopStack,
            "read.stack" => I::ReadStack,
            "write.stack" => I::WriteStack,
            "sync.stack" => I::SyncStack,
            "read.local" => I::ReadLocal,
            "write.local" => I::WriteLocal,
            "context.bucket" | "trace.line" | "assert.specialized" => I::Nothing(1),
            "abort.specialization" | "assert.const32" => I::Nothing(2),
            "print" => I::Nothing(3),
            _ => return None,
        })
    }

    /// Whether it writes a cell of the virtual stack or of virtual locals.
    pub(super) fn writes_cell(self) -> bool {
        use Intrinsic as I;
        match self {
            I::PushStack | I::WriteStack | I::WriteLocal => true,
            I::PushContext
            | I::UpdateContext
            | I::PopContext
            | I::SpecializeValue
            | I::ReadGlobal
            | I::ReadReg
            | I::WriteReg
            | I::PopStack
            | I::ReadStack
            | I::SyncStack
            | I::ReadLocal
            | I::Nothing(_) => false,
        }
    }
}

/// Which imported functions of the generic module are intrinsics.
#[derive(Clone, Debug)]
pub(super) struct Intrinsics {
    of: Vec<Option<Intrinsic>>,
}

impl Intrinsics {
    /// # Errors
    /// The name of an import of [`MODULE`] that has no meaning.
    pub(super) fn of(module: &Module) -> Result<Intrinsics, String> {
        let mut of = Vec::new();
        for import in module.imports() {
            let mine = &*import.module == MODULE;
            if !matches!(import.kind, ExternType::Func(_)) {
                continue;
            }
            let found = Intrinsic::named(&import.name).filter(|_| mine);
            if mine && found.is_none() {
                return Err(format!("`{MODULE}::{}` is no intrinsic", import.name));
            }
            of.push(found);
        }
        Ok(Intrinsics { of })
    }

    /// The intrinsic that a function of the generic module is.
    pub(super) fn get(&self, func: FuncIdx) -> Option<Intrinsic> {
        self.of.get(func.index()).copied().flatten()
    }

    /// The number of a function of the generic module in the specialised one.
    pub(super) fn renumbered(&self, func: FuncIdx) -> u32 {
        let before = self.of.get(..func.index()).unwrap_or(&self.of);
        func.0 - before.iter().flatten().count() as u32
    }

    /// The number of intrinsics.
    pub(super) fn count(&self) -> usize {
        self.of.iter().flatten().count()
    }

    /// Whether any of them writes cells.
    pub(super) fn has_cells(&self) -> bool {
        self.of.iter().flatten().any(|intrinsic| intrinsic.writes_cell())
    }
}
