//! Offsets in the runtime's structures, in bytes, and the numbers that code and runtime share.

/// Context: the store's words.
pub const STORE: u32 = 0x00;
/// Context: the table of builtins.
pub const BUILTINS: u32 = 0x08;
/// Context: the canonical id of each type, 32 bits each.
pub const TYPES: u32 = 0x10;
/// Context: where its records of the defined functions begin.
pub const DEFINED: u32 = 0x18;
/// Context: the first word that depends on the module: a pointer to the record of each imported
/// function, of each memory, of each table, to the cell of each global; the base of each memory
/// and of each table, which their records have too (L2); a copy of each memory's length (L4);
/// and then the records of the defined functions themselves, one behind the other (L5).
pub const FIRST: u32 = 0x20;
/// Maximum number of bytes of a memory, also where its type allows more: a memory lies in the
/// address space of a process.
pub const MEMORY_BYTES_MAX: u64 = 1 << 47;
/// Store: `!f`, where `f` is the fuel that is left: a charge adds, and a carry is its end.
pub const STORE_FUEL: u32 = 0;
/// Store: where the epoch is.
pub const STORE_EPOCH: u32 = 8;
/// Store: the epoch's deadline.
pub const STORE_DEADLINE: u32 = 16;
/// Store: the records of all functions by address; moves when functions are added.
pub const STORE_FUNCS: u32 = 24;
/// Store: the cells through which thunks and builtins pass values.
pub const STORE_ARGS: u32 = 32;
/// Store: the first byte of the zone that is never mapped; read in the masked shape alone (L6).
pub const STORE_NOWHERE: u32 = 40;
/// Store: the number of records at [`STORE_FUNCS`] (L9), 64 bits.
pub const STORE_FUNCS_LEN: u32 = 48;
/// Bytes of that zone.
pub const NOWHERE_BYTES: u32 = 1 << 20;
/// Bytes behind the length of a memory with pages of 64 KiB that fault (L7).
pub const LENGTH_GUARD_BYTES: u64 = 1 << 20;
/// Bytes from address 0 on that are never mapped, where null is such an address.
pub const NULL_BYTES: u32 = 4_096;
/// Bytes of stack below a limit that the stack pointer is compared with which functions may
/// take without a comparison: those that call nothing, and those that are about to compare.
pub const SLACK_BYTES: u32 = 256;
/// Bytes of a value in an array by which a host passes values.
pub const VALUE_BYTES: u64 = 16;
/// Cells behind [`STORE_ARGS`], 8 bytes each.
pub const ARGS_CELLS: u32 = 2_048;
/// Size of a function's record.
pub const RECORD_BYTES: u32 = 32;
/// Record: the code.
pub const RECORD_CODE: u32 = 0;
/// Record: the context of its instance.
pub const RECORD_VMCTX: u32 = 8;
/// Record: the canonical id of its type, 32 bits.
pub const RECORD_TYPE: u32 = 16;
/// Record: its address in the store, 32 bits.
pub const RECORD_ADDRESS: u32 = 20;
/// Memory and table: the first byte or element.
pub const OBJECT_BASE: u32 = 0;
/// Memory and table: the length in bytes or elements, 64 bits.
pub const OBJECT_LEN: u32 = 8;
/// The builtin that calls a function without native code.
pub const BUILTIN_CALL: u32 = 0;
/// The builtin that performs an operator.
pub const BUILTIN_PERFORM: u32 = 1;
/// The builtin that traps.
pub const BUILTIN_TRAP: u32 = 2;
/// The builtin that throws.
pub const BUILTIN_THROW: u32 = 3;
/// In the place of a tag's index: what is thrown is the exception that a reference names.
pub const THROW_REF: u64 = u64::MAX;
/// Bytes of native stack that a frame may take for each byte that it is charged.
pub const FRAME_RATIO: u64 = 16;
/// Bytes of native stack that a thunk may take for each byte that a function of its type is
/// charged at least; nothing is charged for the thunk itself.
pub const THUNK_RATIO: u64 = 4;
/// The charge of every function, in bytes, in addition to 8 bytes for each cell of its frame.
pub const CHARGE_BYTES: u64 = 64;
