//! Throwing: from the instruction that throws, frame by frame, to the clause that catches.
//!
//! An executor leaves with [`ExitCode::Throw`](crate::vm::ExitCode::Throw) at a `throw` or `throw_ref`. The frames of the
//! activation are searched first and popped only if there is a clause, so that an exception that nobody catches is a trap with
//! the backtrace of its throw. The values go from the throwing frame's window straight to the slots of the label; an object
//! is made only for a clause that wants the reference. Nothing of the host's stack is involved.
//!
//! An exception does not pass a call of the host: what the function that the host called throws is a trap for the host.
//!
//! # Invariants
//! * U1. A handler's target and slots were checked (rule F15 of the check): what the clause receives fits the frame, and the target is an instruction.
//! * U2. The cells of a tag's values are those that the module's tag type says, since tags were matched by type at the import.
//!
//! Cost: for each frame that it searches the logarithm of the function's handlers, and constant for each clause asked, which
//! [`Search`] charges as it goes.

use super::driver::{Activation, set_function};
use crate::store::{Search, Store};
use crate::trap::{Trap, TrapKind};
use crate::value::{FuncAddr, InstanceAddr, TagAddr};
use crate::vm::{Cell, Frame};
use prova_bytecode::{Class, Handler, decode};
use prova_module::TagIdx;

/// What is thrown.
struct Thrown {
    tag: TagAddr,
    /// Of a `throw`: where its values are. Of a `throw_ref`: null.
    window: *const Cell,
    /// Of a `throw_ref`: the exception.
    reference: Cell,
}

/// The frame that catches.
struct Catcher {
    func: u32,
    fp: *mut Cell,
    /// One past its record.
    top: *mut Frame,
    /// The charges of the frames above it.
    charge_bytes: u64,
    handler: Handler,
}

impl Activation {
    /// Goes on where the exception of the instruction at `vm.ip` is caught; true: the clause returned to the host.
    ///
    /// # Errors
    /// [`TrapKind::UncaughtException`] if no frame of this activation catches it; the traps of [`Search`], of `throw_ref` and of
    /// making the object.
    pub(super) fn throw(&mut self, store: &mut Store) -> Result<bool, Trap> {
        let vm = self.vm();
        // SAFETY: V1.
        let (func, ip) = unsafe { (FuncAddr::from_index((*vm).func), (*vm).ip) };
        let word = store.word_at(func, ip).ok_or_else(|| Trap::bug("a throw without bytecode"))?;
        let mut thrown = self.thrown(store, word)?;
        let mut search = Search::new();
        let catcher = self.catcher(store, &mut search, thrown.tag, word)?;
        let by_tag = catcher.as_ref().is_some_and(|catcher| catcher.handler.tag.is_some());
        let value_cells = if by_tag { store.tag_cells(thrown.tag) } else { 0 };
        search.pay(store, value_cells as u64)?;
        let Some(catcher) = catcher else {
            return Err(Trap::new(TrapKind::UncaughtException));
        };
        let Handler { tag, with_ref, target, slot, .. } = catcher.handler;
        if with_ref && thrown.reference == 0 {
            thrown.reference = self.object(store, &thrown)?;
        }
        // SAFETY: U1 for the slots and the target, V5 for the values at the window; both may overlap. V6: the records above the catcher's go.
        unsafe {
            let mut at = catcher.fp.add(usize::from(slot));
            if tag.is_some() {
                let count = store.tag_cells(thrown.tag);
                if thrown.window.is_null() {
                    let values =
                        store.exception(thrown.reference).map_or(&[][..], |(_, cells)| cells);
                    std::ptr::copy(values.as_ptr(), at, values.len().min(count));
                } else {
                    std::ptr::copy(thrown.window, at, count);
                }
                at = at.add(count);
            }
            if with_ref {
                *at = thrown.reference;
            }
            (*vm).frame_top = catcher.top;
            (*vm).height_left += catcher.charge_bytes;
            (*vm).fp = catcher.fp;
            (*vm).func = catcher.func;
            if target == Handler::RETURN {
                if self.pop() {
                    return Ok(true);
                }
                set_function(store, vm);
            } else {
                set_function(store, vm);
                let code = store.bytecode(FuncAddr::from_index(catcher.func));
                let code = code.ok_or_else(|| Trap::bug("a handler without bytecode"))?;
                (*vm).ip = code.words().as_ptr().add(target as usize);
            }
        }
        Ok(false)
    }

    /// What the instruction at `word` of the running function throws.
    fn thrown(&self, store: &Store, word: u32) -> Result<Thrown, Trap> {
        let vm = self.vm();
        // SAFETY: V1, V5: the operands are slots of the frame (rules F5 and F10 of the check).
        unsafe {
            let func = FuncAddr::from_index((*vm).func);
            let inst = store.bytecode(func).and_then(|code| decode(code.words(), word).ok());
            let Some(inst) = inst else { return Err(Trap::bug("a throw without bytecode")) };
            let fp = (*vm).fp;
            if inst.op.class() == Class::throw {
                let instance = InstanceAddr::from_index((*vm).instance_addr);
                let tag = store.instance(instance).tag_addr(TagIdx(inst.values[1] as u32));
                let window = fp.add(inst.values[0] as usize).cast_const();
                return Ok(Thrown { tag, window, reference: 0 });
            }
            let reference = *fp.add(inst.values[0] as usize);
            if reference == 0 {
                return Err(Trap::new(TrapKind::NullReference));
            }
            match store.exception(reference) {
                Some((tag, _)) => Ok(Thrown { tag, window: std::ptr::null(), reference }),
                None => Err(Trap::bug("a reference to no exception")),
            }
        }
    }

    /// The innermost clause of this activation that catches `tag`.
    fn catcher(
        &self,
        store: &Store,
        search: &mut Search,
        tag: TagAddr,
        word: u32,
    ) -> Result<Option<Catcher>, TrapKind> {
        let vm = self.vm();
        let mut charge_bytes = 0;
        // SAFETY: V6, D1: the walk ends at the activation's bottom record.
        unsafe {
            let (mut func, mut word, mut fp) = ((*vm).func, word, (*vm).fp);
            let mut top = (*vm).frame_top;
            loop {
                if let Some(handler) = handler(store, search, func, word, tag)? {
                    return Ok(Some(Catcher { func, fp, top, charge_bytes, handler }));
                }
                search.leave_frame(store)?;
                let record = *top.sub(1);
                if record.func == Frame::HOST {
                    return Ok(None);
                }
                charge_bytes += store.func_charge(FuncAddr::from_index(func));
                fp = fp.sub((record.window & !Frame::SWITCHED) as usize);
                // The call belongs to the range that its last word is in; V4: the caller has bytecode.
                func = record.func;
                let call = record.ip.wrapping_sub(1);
                word = store.word_at(FuncAddr::from_index(func), call).ok_or(TrapKind::Bug)?;
                #[cfg(prova_plant)]
                if planted!(RangeOffByOne) {
                    word += 1;
                }
                top = top.sub(1);
            }
        }
    }

    /// Makes the object of what a `throw` throws.
    fn object(&self, store: &mut Store, thrown: &Thrown) -> Result<Cell, TrapKind> {
        // SAFETY: V5, U2: the values at the window lie in the frame, and the stack is initialised.
        let values = unsafe {
            std::slice::from_raw_parts(thrown.window, store.tag_cells(thrown.tag)).to_vec()
        };
        store.exception_of_bytecode(thrown.tag, values.into())
    }
}

/// The first clause of a function that catches `tag` at a word of its code.
fn handler(
    store: &Store,
    search: &mut Search,
    func: u32,
    word: u32,
    tag: TagAddr,
) -> Result<Option<Handler>, TrapKind> {
    let func = FuncAddr::from_index(func);
    let Some(code) = store.bytecode(func).filter(|code| !code.handlers().is_empty()) else {
        return Ok(None);
    };
    let instance = store.instance(InstanceAddr::from_index(store.entry(func).instance));
    for handler in code.handlers_at(word) {
        search.ask(store)?;
        if handler.tag.is_none_or(|index| instance.tag_addr(index) == tag) {
            return Ok(Some(*handler));
        }
    }
    Ok(None)
}
