//! WASI preview 1 for instances: the functions of `prova_wasi` as host functions of a [`Linker`].
//!
//! `prova_wasi` knows no engine; here it gets the caller's exported memory, fuel, epoch and
//! deadline as its guest. A memory may be one that threads share (`wasi_threads`). The costs of
//! calls and the effects of an interrupt: `docs/semantics.md`, WASI.
//!
//! ```no_run
//! use prova_core::*;
//! use prova_core::wasi::{WasiCtx, WasiCtxBuilder, WasiLimits};
//!
//! let engine = Engine::default();
//! let mut linker: Linker<WasiCtx> = Linker::new(&engine);
//! wasi::add_to_linker(&mut linker, |ctx| ctx)?;
//! let limits = WasiLimits { max_resources: 64, ..WasiLimits::default() };
//! let ctx = WasiCtxBuilder::new().inherit_stdio().arg("program").limits(limits).build();
//! let mut store = Store::new(&engine, ctx);
//! let module = Module::from_file(&engine, "program.wasm")?;
//! let instance = linker.instantiate(&mut store, &module)?;
//! instance.get_typed_func::<(), ()>(&mut store, "_start")?.call(&mut store, ())?;
//! # Ok::<(), prova_core::Error>(())
//! ```

use crate::error::{Error, LinkError, Result};
use crate::func::Caller;
use crate::host::HostFunc;
use crate::linker::Linker;
use crate::store::StoreContextMut;
use crate::trap::Trap;
use crate::types::{FuncType, ValType};
use prova_runtime::{self as rt, Cell, MemoryAddr};
use prova_wasi::{FUNCTIONS, FuncDef, Guest, GuestMemory, MODULE, SharedBytes, ValKind};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use crate::inherited::{Inherited, inherited_listeners};
pub use prova_wasi::{
    Captured, Clocks, Exit, FileId, FsPerms, GRANT_FORM, Grant, GrantError, Guard, Guarded, Perms,
    Randomness, WasiCtx, WasiCtxBuilder, WasiLimits, guest_name,
};

/// How long a call waits at most before it looks at the epoch again: other threads move it without
/// waking anyone.
const EPOCH_PATIENCE: Duration = Duration::from_millis(10);

/// The error of a program that ended by `proc_exit`, with its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct I32Exit(pub i32);

impl fmt::Display for I32Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Exited with i32 exit status {}", self.0)
    }
}

impl std::error::Error for I32Exit {}

/// The module name that guests import WASI's functions from.
pub const WASI_MODULE: &str = MODULE;

/// Whether WASI has a function of this name.
pub fn is_function(name: &str) -> bool {
    prova_wasi::function(name).is_some()
}

/// A call of WASI that came to its end, for [`add_observed_to_linker`].
#[derive(Debug)]
pub struct WasiCall<'c> {
    /// The function's name.
    pub name: &'static str,
    /// Its arguments, 32-bit ones zero-extended.
    pub args: &'c [u64],
    /// The error code (0 is success), or why the program does not go on.
    pub outcome: &'c Result<u32, Exit>,
    /// All bytes that the call may have written, in the order in which it did so; they exist in
    /// `memory`.
    pub written: &'c [Range<usize>],
    /// The caller's memory after the call.
    pub memory: &'c [u8],
}

/// Defines all functions of preview 1; `get` finds the WASI state in the store's data.
///
/// A program that exits is stopped with [`I32Exit`]. The work of calls is charged to the store's
/// fuel. A call that works long or waits is stopped with [`Trap::Interrupt`] by the epoch and at
/// [`Store::set_wall_deadline`](crate::Store::set_wall_deadline).
///
/// # Errors
/// If a name is defined and shadowing is off.
pub fn add_to_linker<T: 'static>(
    linker: &mut Linker<T>,
    get: impl Fn(&mut T) -> &mut WasiCtx + Copy + Send + Sync + 'static,
) -> Result<()> {
    add(linker, get, None::<fn(&mut T, &WasiCall<'_>) -> Result<()>>)
}

/// The names that the crate `wasmtime_wasi` has for preview 1.
///
/// ```no_run
/// use prova_core::*;
/// use prova_core::wasi::{WasiCtx, p1};
///
/// let engine = Engine::default();
/// let mut linker = Linker::new(&engine);
/// p1::add_to_linker_sync(&mut linker, |ctx: &mut p1::WasiP1Ctx| ctx)?;
/// let ctx = WasiCtx::builder().inherit_stdio().inherit_args().build_p1();
/// let mut store = Store::new(&engine, ctx);
/// linker.module(&mut store, "", &Module::from_file(&engine, "program.wasm")?)?;
/// let run = linker.get_default(&mut store, "")?.typed::<(), ()>(&store)?;
/// run.call(&mut store, ())?;
/// # Ok::<(), prova_core::Error>(())
/// ```
pub mod p1 {
    use super::WasiCtx;
    use crate::error::Result;
    use crate::linker::Linker;

    /// The state of one guest.
    pub type WasiP1Ctx = WasiCtx;

    /// [`add_to_linker`](super::add_to_linker).
    ///
    /// # Errors
    /// If a name is defined and shadowing is off.
    pub fn add_to_linker_sync<T: 'static>(
        linker: &mut Linker<T>,
        get: impl Fn(&mut T) -> &mut WasiP1Ctx + Copy + Send + Sync + 'static,
    ) -> Result<()> {
        super::add_to_linker(linker, get)
    }

    /// The same for programs that are called by `call_async`: a call of WASI that has to wait (for
    /// a clock, or for input) waits on the thread that polls, and so holds up what else runs there.
    ///
    /// # Errors
    /// If a name is defined and shadowing is off.
    pub fn add_to_linker_async<T: Send + 'static>(
        linker: &mut Linker<T>,
        get: impl Fn(&mut T) -> &mut WasiP1Ctx + Copy + Send + Sync + 'static,
    ) -> Result<()> {
        super::add_to_linker(linker, get)
    }
}

/// The same as [`add_to_linker`]; after each call of a program, `observe` sees it.
///
/// An error of `observe` ends the program. A call that finds no memory is not seen: it ends the
/// program before WASI does anything. Nor can a program be observed whose memory threads share: it
/// ends at its first call.
///
/// # Errors
/// If a name is defined and shadowing is off.
pub fn add_observed_to_linker<T: 'static>(
    linker: &mut Linker<T>,
    get: impl Fn(&mut T) -> &mut WasiCtx + Copy + Send + Sync + 'static,
    observe: impl Fn(&mut T, &WasiCall<'_>) -> Result<()> + Copy + Send + Sync + 'static,
) -> Result<()> {
    add(linker, get, Some(observe))
}

fn add<T: 'static>(
    linker: &mut Linker<T>,
    get: impl Fn(&mut T) -> &mut WasiCtx + Copy + Send + Sync + 'static,
    observe: Option<impl Fn(&mut T, &WasiCall<'_>) -> Result<()> + Copy + Send + Sync + 'static>,
) -> Result<()> {
    for def in FUNCTIONS {
        linker.define_host(MODULE, def.name, host_func(def, get, observe))?;
    }
    Ok(())
}

fn host_func<T: 'static>(
    def: &'static FuncDef,
    get: impl Fn(&mut T) -> &mut WasiCtx + Send + Sync + 'static,
    observe: Option<impl Fn(&mut T, &WasiCall<'_>) -> Result<()> + Send + Sync + 'static>,
) -> HostFunc<T> {
    let types = |kinds: &[ValKind]| {
        kinds
            .iter()
            .map(|kind| match kind {
                ValKind::I32 => ValType::I32,
                ValKind::I64 => ValType::I64,
            })
            .collect::<Vec<_>>()
    };
    let ty = FuncType::of(types(def.params), types(def.results));
    let (params, results) = (def.params.len(), def.results.len());
    let call = move |caller: Caller<'_, T>, _: &prova_module::FuncType, cells: &mut [Cell]| {
        let memory = exported_memory(&caller)?;
        let StoreContextMut { rt, state } = caller.store;
        let shared = rt.memory(memory).shared().cloned().map(SharedGuest);
        if shared.is_some() && observe.is_some() {
            let what = "what WASI writes to memories that threads share cannot be observed";
            return Err(Error::new(LinkError::new(what)));
        }
        let config = state.engine.config();
        let (fuel, epoch) = (config.fuel, config.epoch);
        let (deadline, written) = (state.deadline, observe.is_some().then(Vec::new));
        let mut guest = InstanceGuest { rt, memory, shared, fuel, epoch, deadline, written };
        let outcome = (def.call)(get(&mut state.data), &mut guest, &cells[..params]);
        let InstanceGuest { rt, written, .. } = guest;
        if let (Some(observe), Some(written)) = (&observe, &written) {
            let call = WasiCall {
                name: def.name,
                args: &cells[..params],
                outcome: &outcome,
                written,
                memory: rt.memory_data_mut(memory),
            };
            observe(&mut state.data, &call)?;
        }
        let errno = outcome.map_err(error_of_exit)?;
        if results == 1 {
            cells[0] = errno.into();
        }
        Ok(())
    };
    HostFunc::of(ty, Arc::new(call))
}

fn exported_memory<T: 'static>(caller: &Caller<'_, T>) -> Result<MemoryAddr> {
    let rt = &*caller.store.rt;
    caller
        .instance
        .and_then(|instance| rt.instance(instance).export("memory")?.memory())
        .ok_or_else(|| Error::new(LinkError::new("WASI needs the export `memory` of its caller")))
}

fn error_of_exit(exit: Exit) -> Error {
    match exit {
        Exit::Proc(code) => Error::new(I32Exit(code as i32)),
        Exit::OutOfFuel => Error::new(Trap::OutOfFuel),
        Exit::Interrupt => Error::new(Trap::Interrupt),
        Exit::Trap(reason) => Error::new(Trap::Aborted).context(reason),
    }
}

/// The instance that called, as WASI sees it.
struct InstanceGuest<'a> {
    rt: &'a mut rt::Store,
    memory: MemoryAddr,
    /// The memory, if threads share it.
    shared: Option<SharedGuest>,
    /// Whether the store is metered by fuel.
    fuel: bool,
    /// Whether the store is metered by epoch.
    epoch: bool,
    deadline: Option<Instant>,
    /// The ranges that the call may have written, where an observer looks.
    written: Option<Vec<Range<usize>>>,
}

/// A memory that threads share, as WASI sees it: the runtime copies, by atomic accesses.
struct SharedGuest(rt::SharedMemory);

impl SharedBytes for SharedGuest {
    fn size(&self) -> usize {
        self.0.len_bytes() as usize
    }

    fn read(&self, at: usize, buffer: &mut [u8]) -> bool {
        self.0.read(at as u64, buffer)
    }

    fn write(&self, at: usize, bytes: &[u8]) -> bool {
        self.0.write(at as u64, bytes)
    }
}

impl Guest for InstanceGuest<'_> {
    fn memory(&mut self) -> GuestMemory<'_> {
        match &self.shared {
            Some(shared) => GuestMemory::Shared(shared),
            None => GuestMemory::Own(self.rt.memory_data_mut(self.memory)),
        }
    }

    fn charge(&mut self, units: u64) -> Result<(), Exit> {
        if self.fuel {
            return self.rt.consume_fuel(units).map_err(|_| Exit::OutOfFuel);
        }
        Ok(())
    }

    fn poll(&mut self) -> Result<(), Exit> {
        if self.epoch && self.rt.poll().is_err() {
            return Err(Exit::Interrupt);
        }
        match self.deadline {
            Some(deadline) if Instant::now() >= deadline => Err(Exit::Interrupt),
            Some(_) | None => Ok(()),
        }
    }

    fn patience(&self) -> Option<Duration> {
        let left = self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        [left, self.epoch.then_some(EPOCH_PATIENCE)].into_iter().flatten().min()
    }

    fn writes(&mut self, start: u32, length: u32) {
        if let Some(written) = &mut self.written {
            let start = start as usize;
            written.push(start..start.saturating_add(length as usize));
        }
    }
}
