//! Throwing: from the instruction that throws, frame by frame, to the clause that catches.
//!
//! ```text
//! bytecode ─ ExitCode::Throw ─┐                                        ┌─► slots of the label, bytecode goes on
//! native code ─ Stop::Throw ──┼─ search: frames of both kinds ─ land ──┤
//! host function ─ its error ──┘       └ none catches: a trap           └─► `args`, code goes on at a landing
//! ```
//!
//! The frames of the activation are searched first and popped only if there is a clause, so that an
//! exception that nobody catches is a trap with the backtrace of its throw. The values go from the
//! throwing frame's window, or from `args`, straight to where the clause wants them; an object is
//! made only for a clause that wants the reference. Nothing of the host's stack is involved.
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
//!   matched by type at the import. As many, and a reference, fit `args`.
//! * U3. The clauses of a frame of native code, from the first, are those of its `try_table`s
//!   around the call, from the inside out; nobody has proved that. Where one goes on was checked
//!   (Z4).
//!
//! Cost: for each frame that it searches the logarithm of the function's handlers, and constant for
//! each clause asked, which [`Search`] charges as it goes: the same in code of both kinds.

use super::driver::{Activation, Step, set_function};
use super::native::{self, NativeFrame};
use super::roots::Running;
use crate::host::Exception;
use crate::native::Segment;
use crate::store::{Search, Store};
use crate::sys::{self, Stop};
use crate::trap::{Trap, TrapKind};
use crate::value::{FuncAddr, InstanceAddr, TagAddr};
use crate::vm::{Cell, Frame};
use prova_bytecode::{Class, Handler, decode};
use prova_check::{Says, offsets};
use prova_module::TagIdx;
use std::ptr;

/// A thrown exception.
struct Thrown {
    tag: TagAddr,
    /// Where its values are: of a `throw` in the frame, or in `args`, of the host in its own
    /// memory. Of a `throw_ref`: null.
    window: *const Cell,
    /// Of a `throw_ref`: the exception.
    reference: Cell,
    /// The stack limit left at the throw, in bytes: for a host function, without its own frame.
    height_left: u64,
    /// Who throws.
    running: Running,
}

/// Where the search begins.
#[derive(Clone, Copy)]
enum Start {
    /// At a word of the running function.
    Bytecode(u32),
    /// In the newest segment, which waits.
    Native,
    /// At the caller of the host function that runs.
    Host,
}

/// Where control goes on.
#[derive(Clone, Copy)]
enum Place {
    /// In bytecode.
    Bytecode { target: u32, slot: u16 },
    /// In native code: frame pointer, stack pointer, address.
    Native { frame: usize, rsp: usize, pc: usize },
}

/// The frame that catches.
struct Catcher {
    /// The function whose frame is at `fp`: itself, or the one that its segment was entered for.
    func: u32,
    fp: *mut Cell,
    /// One past its record.
    top: *mut Frame,
    /// The stack limit left in it, in bytes; in native code, the segment's.
    height_left: u64,
    /// Segments of native code that stay.
    segments: usize,
    clause: Catching,
}

/// The clause that catches.
#[derive(Clone, Copy)]
struct Catching {
    /// Whether it names a tag, and so gets its values.
    by_tag: bool,
    with_ref: bool,
    place: Place,
}

/// Where code goes on after a throw of native code.
pub(super) enum Landed {
    /// In native code, which has stopped again since.
    Code(Stop),
    /// In bytecode.
    Bytecode(Step),
}

impl Activation {
    /// Goes on where the exception of the instruction at `vm.ip` is caught; `None`, with nothing
    /// done, if there is too little fuel for the search.
    ///
    /// # Errors
    /// [`Trap::uncaught`] if no frame of this activation catches it; the traps of [`Search`], of
    /// `throw_ref` and of making the object.
    pub(super) fn throw(&mut self, store: &mut Store) -> Result<Option<Step>, Trap> {
        let vm = self.vm();
        // SAFETY: V1.
        let (func, ip) = unsafe { (FuncAddr::from_index((*vm).func), (*vm).ip) };
        let word = store.word_at(func, ip).ok_or_else(|| Trap::bug("a throw without bytecode"))?;
        let thrown = self.thrown(store, word)?;
        let catcher = match self.search(store, &thrown, Start::Bytecode(word)) {
            Err(TrapKind::OutOfFuel) => return Ok(None),
            found => found?,
        };
        let landed = self.caught(store, thrown, catcher)?;
        self.landed(store, landed).map(Some)
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
        let running = Running::Host;
        let thrown = Thrown { tag, window, reference: 0, height_left, running };
        match self.search(store, &thrown, Start::Host)? {
            Some(catcher) => {
                let landed = self.land(store, &catcher, thrown)?;
                self.landed(store, landed)
            }
            None => Err(Trap { exception: Some(Box::new(exception)), ..trap }),
        }
    }

    /// The same for native code that waits for its throw.
    ///
    /// # Errors
    /// As [`Activation::throw`], with the frames of the segment.
    pub(super) fn throw_of_code(&mut self, store: &mut Store) -> Result<Landed, Trap> {
        let thrown = self.thrown_by_code(store);
        let landed = thrown.and_then(|thrown| {
            let catcher = self.search(store, &thrown, Start::Native)?;
            self.caught(store, thrown, catcher)
        });
        landed.map_err(|trap| self.waiting_trap(store, trap))
    }

    /// Goes on where an exception is caught, if it is.
    fn caught(
        &mut self,
        store: &mut Store,
        thrown: Thrown,
        catcher: Option<Catcher>,
    ) -> Result<Landed, Trap> {
        match catcher {
            Some(catcher) => self.land(store, &catcher, thrown),
            None => {
                let cells = self.values(store, &thrown).into();
                Err(Trap::uncaught(Exception { tag: thrown.tag, cells }))
            }
        }
    }

    fn landed(&mut self, store: &mut Store, landed: Landed) -> Result<Step, Trap> {
        match landed {
            Landed::Code(stop) => self.stopped(store, stop),
            Landed::Bytecode(step) => Ok(step),
        }
    }

    /// Finds the innermost clause of this activation that catches, and pays for the search and for
    /// what is to be forgotten.
    fn search(
        &self,
        store: &mut Store,
        thrown: &Thrown,
        start: Start,
    ) -> Result<Option<Catcher>, TrapKind> {
        let (tag, mut search) = (thrown.tag, Search::new());
        let catcher = self.catcher(store, &mut search, tag, start)?;
        let by_tag = catcher.as_ref().is_some_and(|catcher| catcher.clause.by_tag);
        let value_cells = if by_tag { store.tag_cells(tag) } else { 0 };
        let with_ref = catcher.as_ref().is_some_and(|catcher| catcher.clause.with_ref);
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
    ) -> Result<Landed, Trap> {
        let vm = self.vm();
        let Catching { by_tag, with_ref, place } = catcher.clause;
        if with_ref && thrown.reference == 0 {
            thrown.reference = self.object(store, &thrown)?;
        }
        let mut at = match place {
            // SAFETY: U1: the slot is one of the frame.
            Place::Bytecode { slot, .. } => unsafe { catcher.fp.add(usize::from(slot)) },
            Place::Native { .. } => {
                let cells = store.tag_cells(thrown.tag) + 1;
                let native = store.native.as_mut();
                native.ok_or_else(|| Trap::bug("no native code"))?.args_for(cells)
            }
        };
        if by_tag {
            let values = self.values(store, &thrown);
            let (from, count) = (values.as_ptr(), values.len());
            // SAFETY: U1, U2: the values fit behind the slot, or in `args`; what is read may
            // overlap it, and is not used afterwards.
            unsafe { ptr::copy(from, at, count) };
            // SAFETY: U1, U2: the reference fits behind the values.
            at = unsafe { at.add(count) };
        }
        if with_ref {
            // SAFETY: U1, U2.
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
        let target = match place {
            Place::Bytecode { target, .. } => target,
            Place::Native { frame, rsp, pc } => {
                store.publish();
                // SAFETY: V1. D3.
                unsafe { (*vm).store = store };
                // SAFETY: N2, N3, Z4: the frame is one of the newest segment that is left.
                return Ok(Landed::Code(unsafe { sys::land(vm, (frame, rsp), pc) }));
            }
        };
        if target == Handler::RETURN {
            return Ok(Landed::Bytecode(Step::Left));
        }
        set_function(store);
        let code = store.bytecode(FuncAddr::from_index(catcher.func));
        let words = code.and_then(|code| store.running_words(code));
        let words = words.ok_or_else(|| Trap::bug("a handler without bytecode"))?;
        // SAFETY: U1, V4: the target is an instruction of this code.
        unsafe { (*vm).ip = words.as_ptr().add(target as usize) };
        Ok(Landed::Bytecode(Step::Run))
    }

    /// The exception that the instruction at `word` of the running function throws.
    fn thrown(&self, store: &Store, word: u32) -> Result<Thrown, Trap> {
        let vm = self.vm();
        // SAFETY: V1.
        let (func, fp) = unsafe { (FuncAddr::from_index((*vm).func), (*vm).fp) };
        let inst = store.bytecode(func).and_then(|code| decode(code.words(), word).ok());
        let Some(inst) = inst else { return Err(Trap::bug("a throw without bytecode")) };
        // SAFETY: V5: the first operand is a slot of the frame (rules F5 and F10 of the check).
        let operand = unsafe { fp.add(inst.values[0] as usize) };
        if inst.op.class() == Class::throw {
            // SAFETY: V1.
            let instance = InstanceAddr::from_index(unsafe { (*vm).instance_addr });
            let tag = store.instance(instance).tag_addr(TagIdx(inst.values[1] as u32));
            let (window, height_left) = (operand.cast_const(), store.height_left());
            return Ok(Thrown {
                tag,
                window,
                reference: 0,
                height_left,
                running: Running::Bytecode,
            });
        }
        // SAFETY: V5.
        thrown_again(store, unsafe { *operand }, Running::Bytecode)
    }

    /// The exception that native code waits to throw.
    fn thrown_by_code(&self, store: &Store) -> Result<Thrown, Trap> {
        // SAFETY: V9; R1: `throw` is called with the function's own vmctx.
        let ([tag, ..], instance) = unsafe {
            let vm = &*self.vm();
            (vm.native.operands, native::performed(vm).1)
        };
        let args = args_of(store)?;
        if tag == offsets::THROW_REF {
            // SAFETY: R1.
            return thrown_again(store, unsafe { *args }, Running::Native);
        }
        let instance = store.instance(instance);
        let index = TagIdx(tag as u32);
        if tag >= instance.module().tags().len() as u64 {
            return Err(Trap::bug("a throw of no tag"));
        }
        let (tag, window, height_left) = (instance.tag_addr(index), args, store.height_left());
        Ok(Thrown { tag, window, reference: 0, height_left, running: Running::Native })
    }

    /// The values of what is thrown.
    fn values<'a>(&self, store: &'a Store, thrown: &'a Thrown) -> &'a [Cell] {
        if thrown.window.is_null() {
            return store.exception(thrown.reference).map_or(&[][..], |(_, cells)| cells);
        }
        // SAFETY: V5, U2: as many cells as the tag has are at the window (rules F5 and F10 of the
        // check; in `args`; of the host, what `Store::call_host` has compared).
        unsafe { std::slice::from_raw_parts(thrown.window, store.tag_cells(thrown.tag)) }
    }

    /// The innermost clause of this activation that catches `tag`. A frame of the host has no
    /// clauses, and costs nothing to leave.
    fn catcher(
        &self,
        store: &Store,
        search: &mut Search,
        tag: TagAddr,
        start: Start,
    ) -> Result<Option<Catcher>, TrapKind> {
        // SAFETY: V1.
        let vm = unsafe { &*self.vm() };
        let (mut func, mut fp, mut top) = (vm.func, vm.fp, vm.frame_top);
        let (mut height_left, mut segments) = (vm.height_left, store.segments());
        let mut word = None;
        match start {
            Start::Bytecode(at) => word = Some(at),
            Start::Host => {}
            Start::Native => {
                let at = (segments, vm.native.native_sp);
                let (segment, found) = in_segment(store, search, tag, at)?;
                (func, height_left) = (segment.func.as_u32(), segment.height_left);
                if let Some(clause) = found {
                    return Ok(Some(Catcher { func, fp, top, height_left, segments, clause }));
                }
                segments -= 1;
            }
        }
        loop {
            if let Some(word) = word {
                if let Some(handler) = handler(store, search, func, word, tag)? {
                    let Handler { tag, with_ref, target, slot, .. } = handler;
                    let (by_tag, place) = (tag.is_some(), Place::Bytecode { target, slot });
                    let clause = Catching { by_tag, with_ref, place };
                    return Ok(Some(Catcher { func, fp, top, height_left, segments, clause }));
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
                let at = (segments, record.ip.expose_provenance());
                let (segment, found) = in_segment(store, search, tag, at)?;
                (func, height_left, word) = (segment.func.as_u32(), segment.height_left, None);
                if let Some(clause) = found {
                    return Ok(Some(Catcher { func, fp, top, height_left, segments, clause }));
                }
                segments -= 1;
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
        store.exception_of_code(thrown.tag, values, (thrown.running, thrown.height_left))
    }
}

/// The cells through which values go to and from native code.
fn args_of(store: &Store) -> Result<*const Cell, Trap> {
    let native = store.native.as_ref();
    native.map(|native| native.args()).ok_or_else(|| Trap::bug("no native code"))
}

/// The exception that a `throw_ref` throws.
fn thrown_again(store: &Store, reference: Cell, running: Running) -> Result<Thrown, Trap> {
    if reference == 0 {
        return Err(Trap::new(TrapKind::NullReference));
    }
    let (window, height_left) = (ptr::null(), store.height_left());
    match store.exception(reference) {
        Some((tag, _)) => Ok(Thrown { tag, window, reference, height_left, running }),
        None => Err(Trap::bug("a reference to no exception")),
    }
}

/// A segment, counted from 1, which waits at a place of the native stack, and the first clause in
/// it that catches `tag`.
fn in_segment(
    store: &Store,
    search: &mut Search,
    tag: TagAddr,
    (segment, native_sp): (usize, usize),
) -> Result<(Segment, Option<Catching>), TrapKind> {
    let segment = segment.checked_sub(1).and_then(|at| store.segment(at)).ok_or(TrapKind::Bug)?;
    let waiting = native::waiting(native_sp);
    for frame in native::frames(store, (waiting.frame, waiting.pc)) {
        if let Some(found) = clause(store, search, &frame, tag)? {
            return Ok((segment, Some(found)));
        }
        search.leave_frame(store)?;
    }
    Ok((segment, None))
}

/// The first clause of the call where a frame of native code waits that catches `tag`.
fn clause(
    store: &Store,
    search: &mut Search,
    frame: &NativeFrame<'_>,
    tag: TagAddr,
) -> Result<Option<Catching>, TrapKind> {
    let instance = store.instance(InstanceAddr::from_index(store.entry(frame.func).instance));
    for row in frame.rows() {
        let Says::Clause(clause) = row.says else { continue };
        search.ask(store)?;
        if clause.tag.is_none_or(|index| instance.tag_addr(TagIdx(index)) == tag) {
            let rsp = frame.frame - clause.frame_bytes as usize;
            let pc = frame.place(clause.landing);
            let place = Place::Native { frame: frame.frame, rsp, pc };
            let (by_tag, with_ref) = (clause.tag.is_some(), clause.with_ref);
            return Ok(Some(Catching { by_tag, with_ref, place }));
        }
    }
    Ok(None)
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
