//! The intrinsics where nobody specialises.

/// Tells the program counter, behind a change of it.
#[macro_export]
macro_rules! update_context {
    ($pc:expr) => {{
        let _: u32 = $pc;
    }};
}

/// Tells the program counter before the loop.
pub fn push_context(_pc: u32) {}

/// Behind the loop.
pub fn pop_context() {}

/// The value.
#[must_use]
pub fn specialize_value(value: u32, _low: u32, _high: u32) -> u32 {
    value
}

/// A constant of the request.
///
/// # Panics
/// Always: it has a meaning in specialised code only.
#[must_use]
pub fn read_global(_index: u32) -> u64 {
    panic!("a request's constant has a meaning in specialised code only")
}

/// A register.
///
/// # Panics
/// Always: it has a meaning in specialised code only.
#[must_use]
pub fn read_reg(_index: u64) -> u64 {
    panic!("a register has a meaning in specialised code only")
}

/// Sets a register.
///
/// # Panics
/// Always: it has a meaning in specialised code only.
pub fn write_reg(_index: u64, _value: u64) {
    panic!("a register has a meaning in specialised code only")
}

/// Pushes to the stack.
///
/// # Safety
/// The cell may be written.
pub unsafe fn push_stack(cell: *mut u64, value: u64) {
    // SAFETY: the caller's promise.
    unsafe { cell.write(value) }
}

/// Pops from the stack.
///
/// # Safety
/// The cell was written.
#[must_use]
pub unsafe fn pop_stack(cell: *mut u64) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { cell.read() }
}

/// Reads the cell that was pushed `depth` pushes ago.
///
/// # Safety
/// The cell was written.
#[must_use]
pub unsafe fn read_stack(cell: *mut u64, _depth: u32) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { cell.read() }
}

/// Sets the cell that was pushed `depth` pushes ago.
///
/// # Safety
/// The cell may be written.
pub unsafe fn write_stack(cell: *mut u64, _depth: u32, value: u64) {
    // SAFETY: the caller's promise.
    unsafe { cell.write(value) }
}

/// Nothing was put off.
pub fn sync_stack() {}

/// A local.
///
/// # Safety
/// The cell was written.
#[must_use]
pub unsafe fn read_local(cell: *const u64, _index: u32) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { cell.read() }
}

/// Sets a local.
///
/// # Safety
/// The cell may be written.
pub unsafe fn write_local(cell: *mut u64, _index: u32, value: u64) {
    // SAFETY: the caller's promise.
    unsafe { cell.write(value) }
}

/// Nobody asks.
pub fn assert_constant(_value: u32, _line: u32) {}

/// Nobody asks.
pub fn abort(_line: u32, _fatal: u32) {}
