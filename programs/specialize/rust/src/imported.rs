//! The intrinsics as imports.

/// A program counter, told at a line and column.
#[doc(hidden)]
#[repr(transparent)]
pub struct Counter<const LINE: u32, const COLUMN: u32>(pub u32);

/// Tells the program counter, behind a change of it. Each use is an import of its own, by its type:
/// so that no compiler joins two arms that each tell it into one call with either's.
#[macro_export]
macro_rules! update_context {
    ($pc:expr) => {{
        #[link(wasm_import_module = "weval")]
        unsafe extern "C" {
            #[link_name = "update.context"]
            safe fn update_context(pc: $crate::Counter<{ line!() }, { column!() }>);
        }
        update_context($crate::Counter($pc))
    }};
}

#[link(wasm_import_module = "weval")]
unsafe extern "C" {
    /// Tells the program counter before the loop.
    #[link_name = "push.context"]
    pub safe fn push_context(pc: u32);
    /// Behind the loop.
    #[link_name = "pop.context"]
    pub safe fn pop_context();
    /// The value, which lies in `low..=high`; what follows is compiled once for each.
    #[link_name = "specialize.value"]
    pub safe fn specialize_value(value: u32, low: u32, high: u32) -> u32;
    /// A constant of the request.
    #[link_name = "read.specialization.global"]
    pub safe fn read_global(index: u32) -> u64;
    /// A register: a variable of this activation, by a constant number. In specialised code only.
    #[link_name = "read.reg"]
    pub safe fn read_reg(index: u64) -> u64;
    /// Sets a register. In specialised code only.
    #[link_name = "write.reg"]
    pub safe fn write_reg(index: u64, value: u64);
    /// Pushes to the virtual stack; the store is put off, and left out once the cell is popped.
    ///
    /// # Safety
    /// The cell may be written, and nothing else touches it before [`sync_stack`], a call or the
    /// end.
    #[link_name = "push.stack"]
    pub fn push_stack(cell: *mut u64, value: u64);
    /// Pops from the virtual stack.
    ///
    /// # Safety
    /// As [`push_stack`], of the cell's own address.
    #[link_name = "pop.stack"]
    pub fn pop_stack(cell: *mut u64) -> u64;
    /// Reads the cell that was pushed `depth` pushes ago, 0 for the last one.
    ///
    /// # Safety
    /// As [`push_stack`], of that cell's own address.
    #[link_name = "read.stack"]
    pub fn read_stack(cell: *mut u64, depth: u32) -> u64;
    /// Sets the cell that was pushed `depth` pushes ago, 0 for the last one.
    ///
    /// # Safety
    /// As [`push_stack`], of that cell's own address.
    #[link_name = "write.stack"]
    pub fn write_stack(cell: *mut u64, depth: u32, value: u64);
    /// Does all stores that were put off.
    #[link_name = "sync.stack"]
    pub safe fn sync_stack();
    /// A virtual local, by a constant number.
    ///
    /// # Safety
    /// As [`push_stack`].
    #[link_name = "read.local"]
    pub fn read_local(cell: *const u64, index: u32) -> u64;
    /// Sets a virtual local.
    ///
    /// # Safety
    /// As [`push_stack`].
    #[link_name = "write.local"]
    pub fn write_local(cell: *mut u64, index: u32, value: u64);
    /// Refuses the request if the value is not constant.
    #[link_name = "assert.const32"]
    pub safe fn assert_constant(value: u32, line: u32);
    /// Refuses the request where it comes by, unless `fatal` is 0.
    #[link_name = "abort.specialization"]
    pub safe fn abort(line: u32, fatal: u32);
}
