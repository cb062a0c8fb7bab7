//! Allocations of Cranelift that a thread uses for one function after the other.
//!
//! ```text
//! function ─► lower ─► Room::take ─► context ─► optimize, allocate ─► Room::keep
//! ```
//!
//! Invariants:
//! - M1. What a function compiles to does not depend on the functions before it: everything is
//!   cleared first.
//! - M2. The room of a function that panicked or was refused is dropped, as is that of one with more
//!   than [`INSTS_MAX`] instructions.
//!
//! Noticed by: `tests/run.rs`, which compiles functions in two orders.

use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::dominator_tree::DominatorTree;
use cranelift_codegen::ir::{Function, Signature, UserFuncName};
use cranelift_codegen::isa::TargetIsa;
use cranelift_codegen::{CodegenResult, CompiledCode, Context};
use std::cell::Cell;

/// The largest function, in instructions of the CLIF, whose allocations a thread keeps.
const INSTS_MAX: usize = 1 << 14;

thread_local! {
    static ROOM: Cell<Option<Room>> = const { Cell::new(None) };
}

/// The allocations.
pub(crate) struct Room {
    context: Context,
    /// Registers and emission, with the room of the register allocator.
    allocate: Box<Allocate>,
}

type Allocate = dyn FnMut(
    &dyn TargetIsa,
    &Function,
    &DominatorTree,
    &mut ControlPlane,
) -> CodegenResult<CompiledCode>;

impl Room {
    /// The thread's, or a new one.
    pub(crate) fn take() -> Room {
        ROOM.take().unwrap_or_else(|| {
            // Cranelift does not name the type, but has it made.
            let mut registers = Default::default();
            let allocate = move |isa: &dyn TargetIsa,
                                 func: &Function,
                                 domtree: &_,
                                 plane: &mut ControlPlane| {
                let stencil = isa.compile_function(func, domtree, &mut registers, false, plane);
                Ok(stencil?.apply_params(&func.params))
            };
            Room { context: Context::new(), allocate: Box::new(allocate) }
        })
    }

    /// The context, for a function.
    pub(crate) fn context(&mut self, func: Function) -> &mut Context {
        self.context.clear();
        self.context.func = func;
        &mut self.context
    }

    /// Allocates the registers of the context's function, and emits it.
    pub(crate) fn allocate(
        &mut self,
        isa: &dyn TargetIsa,
        plane: &mut ControlPlane,
    ) -> CodegenResult<CompiledCode> {
        (self.allocate)(isa, &self.context.func, &self.context.domtree, plane)
    }

    /// Leaves it to the thread's next function.
    pub(crate) fn keep(self) {
        if self.context.func.dfg.num_insts() <= INSTS_MAX {
            ROOM.set(Some(self));
        }
    }
}

/// An empty function, in the allocations of the one before it.
pub(crate) fn function(name: UserFuncName, signature: Signature) -> Function {
    let Some(mut room) = ROOM.take() else { return Function::with_name_signature(name, signature) };
    let mut func = std::mem::replace(&mut room.context.func, Function::new());
    ROOM.set(Some(room));
    func.clear();
    // Cranelift clears all but these.
    func.dfg.exception_tables.clear();
    (func.name, func.signature) = (name, signature);
    func
}
