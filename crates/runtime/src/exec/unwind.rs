//! Throwing: from the instruction that throws, frame by frame, to the clause that catches.
//!
//! An executor leaves with [`ExitCode::Throw`](crate::vm::ExitCode::Throw) at a `throw` or
//! `throw_ref`. The frames of the activation are searched first and popped only if there is a
//! clause, so that an exception that nobody catches is a trap with the backtrace of its throw. The
//! values go from the throwing frame's window straight to the slots of the label; an object is made
//! only for a clause that wants the reference. Nothing of the host's stack is involved.
//!
//! A host function may throw too: the search begins at the code that called it. An exception that
//! no frame of an activation catches leaves it as a trap with the exception, and the host, which
//! has it in hand then, may throw it on. So an exception passes a call of the host only where the
//! host lets it.
//!
//! # Invariants
//! * U1. A handler's target and slots were checked (rule F15 of the check): what the clause
//!   receives fits the frame, and the target is an instruction.
//! * U2. The cells of a tag's values are those that the module's tag type says, since tags were
//!   matched by type at the import.
//!
//! Cost: for each frame that it searches the logarithm of the function's handlers, and constant for
//! each clause asked, which [`Search`] charges as it goes.

use super::driver::{Activation, Step, set_function};
use super::native;
use crate::host::Exception;
use crate::store::{Search, Store};
use crate::trap::{Trap, TrapKind};
use crate::value::{FuncAddr, InstanceAddr, TagAddr};
use crate::vm::{Cell, Frame};
use prova_bytecode::{Class, Handler, decode};
use prova_module::TagIdx;
use std::ptr;

/// A thrown exception.
struct Thrown {
    tag: TagAddr,
    /// Where its values are: of a `throw` in the frame, of the host in its own memory. Of a
    /// `throw_ref`: null.
    window: *const Cell,
    /// Of a `throw_ref`: the exception.
    reference: Cell,
    /// The stack limit left at the throw, in bytes: for a host function, without its own frame.
    height_left: u64,
}

/// The frame that catches.
struct Catcher {
    func: u32,
    fp: *mut Cell,
    /// One past its record.
    top: *mut Frame,
    /// The stack limit left in it, in bytes.
    height_left: u64,
    /// Segments of native code below it.
    segments: usize,
    handler: Handler,
}

impl Activation {
    /// Goes on where the exception of the instruction at `vm.ip` is caught.
    ///
    /// # Errors
    /// [`Trap::uncaught`] if no frame of this activation catches it; the traps of [`Search`], of
    /// `throw_ref` and of making the object.
    pub(super) fn throw(&mut self, store: &mut Store) -> Result<Step, Trap> {
        let vm = self.vm();
        // SAFETY: V1.
        let (func, ip) = unsafe { (FuncAddr::from_index((*vm).func), (*vm).ip) };
        let word = store.word_at(func, ip).ok_or_else(|| Trap::bug("a throw without bytecode"))?;
        let thrown = self.thrown(store, word)?;
        match self.search(store, &thrown, Some(word))? {
            Some(catcher) => self.land(store, &catcher, thrown),
            None => {
                let cells = self.values(store, &thrown).into();
                Err(Trap::uncaught(Exception { tag: thrown.tag, cells }))
            }
        }
    }

    /// The same for an exception of the host function whose frame is at `vm.fp`.
    ///
    /// # Errors
    /// `trap`, with the exception, if no frame of this activation catches it; the traps of
    /// [`Search`] and of making the object.
    pub(super) fn throw_of_host(
        &mut self,
        store: &mut Store,
        exception: Exception,
        trap: Trap,
    ) -> Result<Step, Trap> {
        let vm = self.vm();
        // SAFETY: V1.
        let host = FuncAddr::from_index(unsafe { (*vm).func });
        let height_left = store.height_left() + store.func_charge(host);
        let (tag, window) = (exception.tag, exception.cells.as_ptr());
        let thrown = Thrown { tag, window, reference: 0, height_left };
        match self.search(store, &thrown, None)? {
            Some(catcher) => self.land(store, &catcher, thrown),
            None => Err(Trap { exception: Some(Box::new(exception)), ..trap }),
        }
    }

    /// Finds the innermost clause of this activation that catches, and pays for the search and for
    /// what is to be forgotten.
    fn search(
        &self,
        store: &mut Store,
        thrown: &Thrown,
        word: Option<u32>,
    ) -> Result<Option<Catcher>, TrapKind> {
        let (tag, mut search) = (thrown.tag, Search::new());
        let catcher = self.catcher(store, &mut search, tag, word)?;
        let by_tag = catcher.as_ref().is_some_and(|catcher| catcher.handler.tag.is_some());
        let value_cells = if by_tag { store.tag_cells(tag) } else { 0 };
        let with_ref = catcher.as_ref().is_some_and(|catcher| catcher.handler.with_ref);
        let made = (with_ref && thrown.reference == 0).then_some(thrown.height_left);
        search.pay_at(store, value_cells as u64, made)?;
        Ok(catcher)
    }

    /// Gives the clause what it receives, and goes on there.
    fn land(
        &mut self,
        store: &mut Store,
        catcher: &Catcher,
        mut thrown: Thrown,
    ) -> Result<Step, Trap> {
        let vm = self.vm();
        let Handler { tag, with_ref, target, slot, .. } = catcher.handler;
        if with_ref && thrown.reference == 0 {
            thrown.reference = self.object(store, &thrown)?;
        }
        // SAFETY: U1: the slot is one of the frame.
        let mut at = unsafe { catcher.fp.add(usize::from(slot)) };
        if tag.is_some() {
            let values = self.values(store, &thrown);
            let (from, count) = (values.as_ptr(), values.len());
            // SAFETY: U1, U2: the values fit behind the slot; what is read may overlap it, and is
            // not used afterwards.
            unsafe { ptr::copy(from, at, count) };
            // SAFETY: U1: the reference fits behind the values.
            at = unsafe { at.add(count) };
        }
        if with_ref {
            // SAFETY: U1.
            unsafe { *at = thrown.reference };
        }
        // SAFETY: V1; V6: the records above the catcher's go, and their charges.
        unsafe {
            (*vm).frame_top = catcher.top;
            (*vm).height_left = catcher.height_left;
            (*vm).fp = catcher.fp;
            (*vm).func = catcher.func;
        }
        native::forget(vm, store, catcher.segments);
        if target == Handler::RETURN {
            return Ok(Step::Left);
        }
        set_function(store);
        let code = store.bytecode(FuncAddr::from_index(catcher.func));
        let words = code.and_then(|code| store.running_words(code));
        let words = words.ok_or_else(|| Trap::bug("a handler without bytecode"))?;
        // SAFETY: U1, V4: the target is an instruction of this code.
        unsafe { (*vm).ip = words.as_ptr().add(target as usize) };
        Ok(Step::Run)
    }

    /// The exception that the instruction at `word` of the running function throws.
    fn thrown(&self, store: &Store, word: u32) -> Result<Thrown, Trap> {
        let vm = self.vm();
        // SAFETY: V1.
        let (func, fp) = unsafe { (FuncAddr::from_index((*vm).func), (*vm).fp) };
        let height_left = store.height_left();
        let inst = store.bytecode(func).and_then(|code| decode(code.words(), word).ok());
        let Some(inst) = inst else { return Err(Trap::bug("a throw without bytecode")) };
        // SAFETY: V5: the first operand is a slot of the frame (rules F5 and F10 of the check).
        let operand = unsafe { fp.add(inst.values[0] as usize) };
        if inst.op.class() == Class::throw {
            // SAFETY: V1.
            let instance = InstanceAddr::from_index(unsafe { (*vm).instance_addr });
            let tag = store.instance(instance).tag_addr(TagIdx(inst.values[1] as u32));
            let window = operand.cast_const();
            return Ok(Thrown { tag, window, reference: 0, height_left });
        }
        // SAFETY: V5.
        let reference = unsafe { *operand };
        if reference == 0 {
            return Err(Trap::new(TrapKind::NullReference));
        }
        match store.exception(reference) {
            Some((tag, _)) => Ok(Thrown { tag, window: ptr::null(), reference, height_left }),
            None => Err(Trap::bug("a reference to no exception")),
        }
    }

    /// The values of what is thrown.
    fn values<'a>(&self, store: &'a Store, thrown: &'a Thrown) -> &'a [Cell] {
        if thrown.window.is_null() {
            return store.exception(thrown.reference).map_or(&[][..], |(_, cells)| cells);
        }
        // SAFETY: V5, U2: as many cells as the tag has are at the window (rules F5 and F10 of the
        // check; of the host, what `Store::call_host` has compared).
        unsafe { std::slice::from_raw_parts(thrown.window, store.tag_cells(thrown.tag)) }
    }

    /// The innermost clause of this activation that catches `tag`, which is thrown at `word` of the
    /// running function, or by the host function that runs. A frame of the host has no clauses, and
    /// costs nothing to leave.
    fn catcher(
        &self,
        store: &Store,
        search: &mut Search,
        tag: TagAddr,
        mut word: Option<u32>,
    ) -> Result<Option<Catcher>, TrapKind> {
        // SAFETY: V1.
        let vm = unsafe { &*self.vm() };
        let (mut func, mut fp, mut top) = (vm.func, vm.fp, vm.frame_top);
        let (mut height_left, mut segments) = (vm.height_left, store.segments());
        loop {
            if let Some(word) = word {
                if let Some(handler) = handler(store, search, func, word, tag)? {
                    let found = Catcher { func, fp, top, height_left, segments, handler };
                    return Ok(Some(found));
                }
                search.leave_frame(store)?;
            }
            // SAFETY: V6, D1: the walk ends at the activation's bottom record.
            top = unsafe { top.sub(1) };
            // SAFETY: as above.
            let record = unsafe { *top };
            if record.func == Frame::HOST {
                return Ok(None);
            }
            height_left += store.func_charge(FuncAddr::from_index(func));
            // SAFETY: V5: the window of the call lies in the caller's frame.
            fp = unsafe { fp.sub((record.window & !Frame::SWITCHED) as usize) };
            if record.func == Frame::NATIVE {
                // Native code has no clauses; each of its frames is left.
                let waiting = native::waiting(record.ip.expose_provenance());
                let at = (waiting.frame, waiting.pc);
                native::walk(store, at, |_, _| search.leave_frame(store))?;
                segments -= 1;
                let segment = store.segment(segments).ok_or(TrapKind::Bug)?;
                (func, height_left, word) = (segment.func.as_u32(), segment.height_left, None);
                continue;
            }
            func = record.func;
            // The call belongs to the range that its last word is in; V4: the caller has bytecode.
            let last = record.ip.wrapping_sub(1);
            word = Some(store.word_at(FuncAddr::from_index(func), last).ok_or(TrapKind::Bug)?);
            #[cfg(prova_plant)]
            if planted!(RangeOffByOne) {
                word = word.map(|word| word + 1);
            }
        }
    }

    /// Makes the object of what is thrown by its values.
    fn object(&self, store: &mut Store, thrown: &Thrown) -> Result<Cell, TrapKind> {
        let values = self.values(store, thrown).into();
        store.exception_of_bytecode(thrown.tag, values, thrown.height_left)
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
