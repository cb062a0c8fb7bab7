//! The references to exceptions and objects that frames hold: frame records → cells of the value
//! stack, and words of the native stack.
//!
//! A frame is at an instruction: a caller at its call, the running function at its `throw` or at
//! the instruction that makes an object, whose own operands the driver adds. The map
//! gives the instruction its Wasm operator (rule Q3 of the check), and the module says which locals
//! and operands of the frame are such references there ([`ExceptionRoots`]); the check has
//! proved that each of them is in its slot (Q13). So the cells that are read here are those that
//! the Wasm has, and what a store keeps does not depend on the tier.
//!
//! A frame of native code is at a call, whose rows name the words in which it holds the same
//! references (P14 of the check). Nobody has proved that they do: what such a word holds is looked
//! up like any number, so a wrong one keeps an exception or object or loses one, and no more.
//!
//! The walk goes over all activations, those of suspended calls too, from the bottom of the stack.
//! A record is of a call: it names the caller and where the callee's frame starts, above the
//! caller's or, for an activation, above all before it.
//!
//! Cost: linear in the frames and what they hold, plus the logarithm of each function's calls. The
//! marking counts both, and tests the epoch in between.

use super::native;
use crate::collect::Marking;
use crate::store::Store;
use crate::trap::TrapKind;
use crate::value::FuncAddr;
use crate::vm::Frame;
use prova_check::Says;

/// Who throws or makes an object, above the frames that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Running {
    /// Nobody whose frame holds anything: the host.
    Host,
    /// Bytecode, at the instruction `Vm::ip`.
    Bytecode,
    /// Native code: the newest segment.
    Native,
}

/// Marks what the frames of all activations hold.
///
/// # Errors
/// [`TrapKind::Interrupt`].
pub(crate) fn mark_frames(
    store: &Store,
    running: Running,
    marking: &mut Marking<'_>,
) -> Result<(), TrapKind> {
    let vm = store.vm();
    // SAFETY: V1, V9: nothing else has the `Vm` now.
    let vm = unsafe { &*vm };
    // SAFETY: V6: the records from `frames_base` to `frame_top` are written.
    let records = unsafe {
        let count = vm.frame_top.offset_from_unsigned(vm.frames_base);
        std::slice::from_raw_parts(vm.frames_base.cast_const(), count)
    };
    let mut frame = 0;
    for record in records {
        let above = (record.window & !Frame::SWITCHED) as usize;
        if record.func == Frame::HOST {
            frame = above;
            continue;
        }
        if record.func == Frame::NATIVE {
            mark_native(marking, store, record.ip.expose_provenance())?;
            frame += above;
            continue;
        }
        // The call is at its own last word.
        let ip = record.ip.wrapping_sub(1);
        mark(marking, store, FuncAddr::from_index(record.func), ip, frame)?;
        frame += above;
    }
    match running {
        Running::Host => Ok(()),
        Running::Bytecode => mark(marking, store, FuncAddr::from_index(vm.func), vm.ip, frame),
        Running::Native => mark_native(marking, store, vm.native.native_sp),
    }
}

/// Marks the references in the frames of a segment, which waits at a place of the native stack.
fn mark_native(marking: &mut Marking<'_>, store: &Store, native_sp: usize) -> Result<(), TrapKind> {
    let waiting = native::waiting(native_sp);
    for frame in native::frames(store, (waiting.frame, waiting.pc)) {
        marking.frame()?;
        for row in frame.rows() {
            if let Says::Root(below) = row.says {
                marking.root(frame.root(below))?;
            }
        }
    }
    Ok(())
}

/// Marks the references in one frame, which is at an instruction and starts this many cells above
/// the base of the stack.
fn mark(
    marking: &mut Marking<'_>,
    store: &Store,
    func: FuncAddr,
    ip: *const u64,
    frame: usize,
) -> Result<(), TrapKind> {
    marking.frame()?;
    let Some(code) = store.bytecode(func) else { return Ok(()) };
    let facts = code.module().facts(code.func());
    let Some(of) = facts.and_then(|facts| facts.exception_roots.as_deref()) else { return Ok(()) };
    let Some(word) = store.word_at(func, ip) else { return Ok(()) };
    // SAFETY: V1, V9.
    let base = unsafe { (*store.vm()).stack_base };
    for cell in of.cells(code.offset_of(word)) {
        // SAFETY: V5: locals and operands of a function lie in its frame, which lies in the
        // initialised value stack.
        marking.root(unsafe { *base.add(frame + cell as usize) })?;
    }
    Ok(())
}
