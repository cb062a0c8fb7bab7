//! The references to exceptions that frames of bytecode hold: frame records → cells of the value
//! stack.
//!
//! A frame is at an instruction: a caller at its call, the running function at its `throw`. The map
//! gives the instruction its Wasm operator (rule Q3 of the check), and the module says which locals
//! and operands of the frame are references to exceptions there ([`ExceptionRoots`]); the check has
//! proved that each of them is in its slot (Q13). So the cells that are read here are those that
//! the Wasm has, and what a store keeps does not depend on the tier.
//!
//! The walk goes over all activations, those of suspended calls too, from the bottom of the stack.
//! A record is of a call: it names the caller and where the callee's frame starts, above the
//! caller's or, for an activation, above all before it.
//!
//! Cost: linear in the frames and what they hold, plus the logarithm of each function's calls. The
//! marking counts both, and tests the epoch in between.

use crate::exception::Marking;
use crate::store::Store;
use crate::trap::TrapKind;
use crate::value::FuncAddr;
use crate::vm::Frame;

/// Marks what the frames of all activations hold. `running` says that the newest frame is of
/// bytecode, at the instruction `Vm::ip`; else a function of the host runs, or nothing.
///
/// # Errors
/// [`TrapKind::Interrupt`].
pub(crate) fn mark_frames(
    store: &Store,
    running: bool,
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
            // Functions with native code hold no references to exceptions (`native::Declined`).
            frame += above;
            continue;
        }
        // The call is at its own last word.
        let ip = record.ip.wrapping_sub(1);
        mark(marking, store, FuncAddr::from_index(record.func), ip, frame)?;
        frame += above;
    }
    if running {
        mark(marking, store, FuncAddr::from_index(vm.func), vm.ip, frame)?;
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
