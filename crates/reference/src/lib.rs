//! The reference tier: WebAssembly operators → their effect on an operand stack, one by one, as the
//! specification executes them.
//!
//! ```text
//! Module ─ decode ─► Code { operators, blocks, clauses, segments }
//!                      │
//! Store::call ─ Executor for Reference ─► Machine { operand stack, frames } ─► results | Trap
//!                                            └─ control, parametric, variable, …: a family each
//! ```
//!
//! It is the oracle of all other tiers: results, traps with their offsets, fuel, stack overflow are
//! what it says, and where another tier differs, one of the two is wrong. So it prefers the
//! specification's words to speed, checks what validation has shown (operand types, heights,
//! labels), and has its own bounds checks and its own reading of function types. It shares with the
//! other tiers what `module`, `num` and the store's operations do; an outside engine has to watch
//! those.
//!
//! It knows nothing of bytecode, and has no unsafe code. A [`Debugger`] that it is given is asked
//! before each step and sees the machine; without one nothing is different.
//!
//! 1. Wasm depth costs no host stack (`machine.rs`).
//! 2. No Wasm, argument or host value makes it panic: what cannot happen is a trap of kind
//!    [`Bug`](prova_runtime::TrapKind::Bug) that says so.
//!
//! Limits: a host function that suspends ends the call with
//! [`Suspended`](prova_runtime::TrapKind::Suspended). Time: a unit of fuel buys at most
//! [`STEPS_PER_UNIT_MAX`] steps. Memory: 32 bytes for each value of the operand stack and the
//! locals, which the logical stack limit bounds; decoded functions, each of at most
//! [`CODE_BYTES_PER_BYTE_MAX`] bytes for a byte of its body, stay as long as the [`Reference`] and
//! its clones.
//!
//! ```
//! use prova_reference::Reference;
//! use prova_runtime::{ExecutorKind, Store, StoreConfig};
//! use std::sync::Arc;
//!
//! let executor = ExecutorKind::External(Arc::new(Reference::new()));
//! let mut store = Store::new(StoreConfig { executor, ..StoreConfig::default() });
//! ```

#![forbid(unsafe_code)]

mod aggregate;
mod atomic;
mod control;
mod debugger;
mod decode;
mod exception;
mod machine;
mod memory;
mod numeric;
mod op;
mod parametric;
mod reference;
mod shown;
mod stack;
mod table;
mod value;
mod variable;
mod vector;

pub use debugger::{Debugger, Paused, PausedFrame};
pub use decode::CODE_BYTES_PER_BYTE_MAX;
use decode::Cache;
use machine::Machine;
pub use machine::STEPS_PER_UNIT_MAX;
use prova_runtime::{Cell, Executor, FuncAddr, FuncKind, Store, Trap};
use std::any::Any;
use std::sync::Arc;

/// The reference tier, as the executor of a store.
///
/// It keeps decoded functions, by module, for as long as it lives. Clones share them, so the stores
/// of one module can.
#[derive(Clone, Default)]
pub struct Reference {
    cache: Arc<Cache>,
    steps_max: Option<u64>,
    debugger: Option<Arc<dyn Debugger>>,
}

impl Reference {
    /// The reference tier.
    pub fn new() -> Reference {
        Reference::default()
    }

    /// The reference tier for tests: a call that makes more than `steps_max` steps ends with
    /// [`TrapKind::Interrupt`](prova_runtime::TrapKind::Interrupt), so that a wrong test ends too.
    /// A step is an operator, or a run of operators that only open, divide or end blocks.
    ///
    /// Each call from the host counts for itself, the ones inside host functions too.
    pub fn with_steps_max(steps_max: u64) -> Reference {
        Reference { steps_max: Some(steps_max), ..Reference::default() }
    }

    /// The reference tier, which asks a debugger before each step.
    pub fn with_debugger(debugger: Arc<dyn Debugger>) -> Reference {
        Reference { debugger: Some(debugger), ..Reference::default() }
    }
}

impl Executor for Reference {
    fn call(
        &self,
        store: &mut Store,
        data: &mut dyn Any,
        func: FuncAddr,
        args: &[Cell],
        results: &mut [Cell],
    ) -> Result<(), Trap> {
        let FuncKind::Wasm { instance, func } = store.func_kind(func) else {
            return Err(Trap::bug("the reference tier was asked to execute a host function"));
        };
        let mut machine = Machine::enter(store, data, &self.cache, (instance, func), args)?;
        if let Some(steps_max) = self.steps_max {
            machine.limit_steps(steps_max);
        }
        if let Some(debugger) = &self.debugger {
            machine.debug(&**debugger);
        }
        let cells = machine.run()?;
        if cells.len() != results.len() {
            return Err(Trap::bug(
                "a function returned another number of cells than its type says",
            ));
        }
        results.copy_from_slice(&cells);
        Ok(())
    }
}
