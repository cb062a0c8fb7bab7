//! The imports by which an interpreter talks to a specialiser, and what they mean where the
//! interpreter is executed as it stands: the reference semantics.
//!
//! This is an opinion of its own: it knows nothing of the specialiser's table. Registers are
//! variables of an activation; `push.stack`, `write.stack` and `write.local` are i64 stores at
//! their first operand, `pop.stack`, `read.stack` and `read.local` i64 loads; a value that is
//! specialised is itself; a global of the request is its constant; all others do nothing.
//!
//! Noticed by: `crates/cli/tests/lockstep.rs`, which runs interpreters that use them.

use prova_module::{ExternType, FuncIdx, Module};

/// The module that intrinsics are imported from.
const MODULE: &str = "weval";

/// What the shadow map and the report must tell apart.
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
    /// It has so many operands, and no meaning.
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

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.of.iter().flatten().count()
    }

    /// Whether any of them writes cells.
    pub(super) fn has_cells(&self) -> bool {
        self.of.iter().flatten().any(|intrinsic| intrinsic.writes_cell())
    }
}
