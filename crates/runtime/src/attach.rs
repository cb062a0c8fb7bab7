//! Where code comes from: a function of a module → code that a check has accepted, asked for at the
//! function's first call.
//!
//! ```text
//! call ─ entry word ─► stub ─ Store::attach ─► Attach::attach ─► Attached ─ compared ─► Codes, entry word ─► code
//! ```
//!
//! [`Store::instantiate`](crate::Store::instantiate) takes an [`Attach`] per instance. The attacher
//! decides whether code is made eagerly or lazily, whether it is cached, and which kind it is; the
//! program cannot observe the choice.
//!
//! A kind of code is a variant of [`Attached`] and a field of [`Codes`]; nothing else of the store
//! knows how many there are. Each variant holds a witness, whose one constructor is the check of
//! its kind.
//!
//! # Invariants
//! * A1. Code in [`Codes`] has been compared with the function: module, settings, index, frame; in
//!   this store, or in the one whose native code this one has found (R6 of `native`).
//! * A2. Code stays in [`Codes`] until the store ends, so what an entry word or a frame leads to is
//!   alive (V4).
//!
//! Noticed by: the tests of this module (a rejecting twin for each comparison).

use crate::exec::STUB_ATTACH;
use crate::func::FuncKind;
use crate::native::{NativeCode, NativeModule};
use crate::store::Store;
use crate::trap::{Trap, TrapKind};
use crate::value::FuncAddr;
use prova_bytecode::CheckedBytecode;
use prova_check::CodeKind;
use prova_module::{FuncIdx, Module};
use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

/// Why there is no code for a function: a refusal of the check or a limit of a compiler.
pub type AttachError = Box<dyn Error + Send + Sync>;

/// Code of one function that a check has accepted, of any kind that a store can run.
#[derive(Clone, Debug)]
pub enum Attached {
    /// Bytecode, which this crate's executors run.
    Bytecode(Arc<CheckedBytecode>),
    /// Native code, in a store that takes it.
    Native(Arc<NativeCode>),
}

impl From<CheckedBytecode> for Attached {
    fn from(code: CheckedBytecode) -> Attached {
        Attached::Bytecode(Arc::new(code))
    }
}

/// Provides code.
pub trait Attach: Send + Sync {
    /// Checked code of `func`, in the settings of the store.
    ///
    /// # Errors
    ///
    /// If there is none: no compiler can translate the function, or the check refuses what it made.
    /// The call traps with [`TrapKind::Attach`].
    fn attach(&self, module: &Module, func: FuncIdx) -> Result<Attached, AttachError>;

    /// The data that native code of the module's functions needs, for a store that takes native
    /// code; `None` where there is none. The ways may come later, by a look ([`Ready::ways`]).
    fn native(&self, _module: &Module) -> Option<Arc<NativeModule>> {
        None
    }

    /// Native code of `func`, asked for before [`Attach::attach`] in an instance that takes native
    /// code; `None`: it runs as bytecode. A store may have it from the one before, and asks for
    /// none.
    fn attach_native(&self, _module: &Module, _func: FuncIdx) -> Option<Arc<NativeCode>> {
        None
    }

    /// A look at a program whose bytecode counts ([`Heat`](crate::Heat)): the native code that
    /// there is now, in place of bytecode. What the program computes does not depend on the answer.
    fn look(&self, _module: &Module, _at: Place) -> Ready {
        Ready::default()
    }
}

/// Where bytecode runs when a store looks at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The function.
    pub func: FuncIdx,
    /// The offset in the module of the `loop` whose round begins; `None`: the function begins.
    pub of_loop: Option<u32>,
    /// How many functions the instance was given by looks before.
    pub taken: usize,
    /// Whether the instance has ways to the functions that native code may call.
    pub has_ways: bool,
}

/// Native code that takes the place of bytecode.
#[derive(Clone, Debug, Default)]
pub struct Ready {
    /// The ways to functions that native code of the module may call, for an instance that has
    /// none yet ([`Attach::native`] gave a layout alone): native code comes with them or after.
    pub ways: Option<Arc<NativeModule>>,
    /// Of functions of the module: their next calls run it.
    pub funcs: Vec<Arc<NativeCode>>,
    /// Of the loop that was looked at: its next round and all that follows in the function.
    pub of_loop: Option<Arc<NativeCode>>,
}

/// The codes attached to a function: at most one of each kind (A1, A2).
#[derive(Debug, Default)]
pub(crate) struct Codes {
    bytecode: Option<Arc<CheckedBytecode>>,
    native: Option<Arc<NativeCode>>,
    /// Native code of loops, by the offset of the `loop` in the module.
    loops: BTreeMap<u32, Arc<NativeCode>>,
}

impl Codes {
    /// Whether calls of the function have anywhere to go.
    pub(crate) fn is_empty(&self) -> bool {
        self.bytecode.is_none() && self.native.is_none()
    }

    /// Whether it has native code.
    pub(crate) fn is_native(&self) -> bool {
        self.native.is_some()
    }

    /// Leaves native code of the function alone; says whether there is any.
    pub(crate) fn leave_native(&mut self) -> bool {
        (self.bytecode, self.loops) = (None, BTreeMap::new());
        self.native.is_some()
    }

    /// Its bytecode.
    pub(crate) fn bytecode(&self) -> Option<&Arc<CheckedBytecode>> {
        self.bytecode.as_ref()
    }

    /// Its native code from a loop on.
    pub(crate) fn of_loop(&self, offset: u32) -> Option<&Arc<NativeCode>> {
        self.loops.get(&offset)
    }

    /// Keeps bytecode, where there is none yet; says whether there was none.
    fn keep(&mut self, code: Arc<CheckedBytecode>) -> bool {
        let new = self.bytecode.is_none();
        self.bytecode.get_or_insert(code);
        new
    }
}

/// Code that is not the function's.
fn refused(index: FuncIdx, why: &dyn std::fmt::Display) -> Result<(), Trap> {
    let message = format!("the code given for {index} is of {why}");
    Err(Trap::with_message(TrapKind::Attach, message))
}

impl Store {
    /// Provides the code of a Wasm function that has none yet, and makes its entry lead there.
    ///
    /// The witness is compared with what it is attached to; one that does not fit never runs (A1).
    pub(crate) fn attach(&mut self, func: FuncAddr) -> Result<(), Trap> {
        let Some((instance, index)) = self.wasm_without_code(func) else {
            return Ok(());
        };
        let takes_native = self.native_layout(instance).is_some();
        let instance = self.instance(instance);
        let (attacher, module) = (Arc::clone(instance.attacher()), instance.module().clone());
        if takes_native && let Some(code) = attacher.attach_native(&module, index) {
            return self.keep_code(func, &module, index, Attached::Native(code));
        }
        let code = attacher
            .attach(&module, index)
            .map_err(|error| Trap::with_message(TrapKind::Attach, error))?;
        self.keep_code(func, &module, index, code)
    }

    /// Keeps native code that is ready for a function, which may have run as bytecode so far, or
    /// for a loop of it; nothing where the store or the function has it already.
    pub(crate) fn keep_native(
        &mut self,
        func: FuncAddr,
        code: Arc<NativeCode>,
    ) -> Result<(), Trap> {
        let FuncKind::Wasm { instance, func: index } = self.func_kind(func) else {
            return Err(Trap::bug("native code for a function of the host"));
        };
        let has = |codes: &Codes| match code.kind() {
            CodeKind::Loop { offset, .. } => codes.of_loop(offset).is_some(),
            CodeKind::Func(_) | CodeKind::ThunkIn(_) | CodeKind::ThunkOut(_) | CodeKind::Way(_) => {
                codes.is_native()
            }
        };
        if self.native_layout(instance).is_none() || self.codes(func).is_some_and(has) {
            return Ok(());
        }
        let module = self.instance(instance).module().clone();
        self.keep_code(func, &module, index, Attached::Native(code))
    }

    /// Compares code with the function, and keeps it.
    fn keep_code(
        &mut self,
        func: FuncAddr,
        module: &Module,
        index: FuncIdx,
        code: Attached,
    ) -> Result<(), Trap> {
        let refuse = |why: &dyn std::fmt::Display| refused(index, why);
        match code {
            Attached::Bytecode(code) => {
                if let Err(mismatch) = code.identity().compare(module, &self.settings()) {
                    return refuse(&mismatch);
                }
                if code.func() != index {
                    return refuse(&code.func());
                }
                // C4 of the check says so of the same module; V5 leans on it.
                if 8 * u64::from(code.frame_cells()) > self.func_charge(func) {
                    return refuse(&"another frame");
                }
                // Before it is kept: a function that has code is not asked for any again.
                let Some(words) = self.running_words(&code).map(<[u64]>::as_ptr) else {
                    return refuse(&"something else that is kept with it");
                };
                // A2: `Codes` keeps what the words belong to.
                if self.codes_mut(func).is_some_and(|codes| codes.keep(code)) {
                    self.entries[func.index()].code.set(words);
                }
                Ok(())
            }
            Attached::Native(code) => self.keep_piece_of(func, module, index, code),
        }
    }

    /// The same of native code.
    fn keep_piece_of(
        &mut self,
        func: FuncAddr,
        module: &Module,
        index: FuncIdx,
        code: Arc<NativeCode>,
    ) -> Result<(), Trap> {
        let refuse = |why| refused(index, &why);
        let instance = self.entry(func).instance;
        let layout = self.native_layout(crate::value::InstanceAddr::from_index(instance));
        if layout != Some(code.layout_digest()) {
            return refuse("another layout");
        }
        if *code.settings() != self.settings() {
            return refuse("other settings");
        }
        let of_loop = match code.kind() {
            CodeKind::Func(of) if of == index.0 => None,
            CodeKind::Loop { func: of, offset } if of == index.0 => Some(offset),
            CodeKind::Func(_)
            | CodeKind::Loop { .. }
            | CodeKind::ThunkIn(_)
            | CodeKind::ThunkOut(_)
            | CodeKind::Way(_) => return refuse("another function"),
        };
        let has_code = self.codes(func).is_some_and(|codes| !codes.is_empty());
        // R5: another instance of the module has it.
        let code = match self.is_attached(&code).then(|| code.again()) {
            None => code,
            Some(Ok(again)) => Arc::new(again),
            // There is bytecode, or a function that has none gets it.
            Some(Err(_)) if !has_code => return self.attach_bytecode(func, module, index),
            Some(Err(_)) => return Ok(()),
        };
        let Some(codes) = self.codes_mut(func) else { return Ok(()) };
        match of_loop {
            Some(offset) => {
                codes.loops.entry(offset).or_insert_with(|| Arc::clone(&code));
                self.keep_piece(func, &code);
            }
            None => {
                codes.native.get_or_insert_with(|| Arc::clone(&code));
                self.enter_code(func, &code);
                // Calls of bytecode go to the driver, which enters the code.
                let stub = STUB_ATTACH.word(self.runs_linked());
                self.entries[func.index()].code.set(stub);
            }
        }
        Ok(())
    }

    /// Bytecode in place of native code that this function cannot have.
    fn attach_bytecode(
        &mut self,
        func: FuncAddr,
        module: &Module,
        index: FuncIdx,
    ) -> Result<(), Trap> {
        let instance = crate::value::InstanceAddr::from_index(self.entry(func).instance);
        let attacher = Arc::clone(self.instance(instance).attacher());
        let code = attacher
            .attach(module, index)
            .map_err(|error| Trap::with_message(TrapKind::Attach, error))?;
        match code {
            Attached::Bytecode(_) => self.keep_code(func, module, index, code),
            Attached::Native(_) => Err(Trap::bug("native code in place of bytecode")),
        }
    }
}

#[cfg(test)]
mod tests;
