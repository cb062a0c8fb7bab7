//! Where fields lie in the structures of Wasmtime 48 on 64-bit targets, in bytes (source:
//! `wasmtime-environ` 48.0.8, modules `vmoffsets` and `vmtypes`).

/// `VMContext`: the store's context.
pub const STORE: u32 = 8;
/// `VMContext`: the table of builtins.
pub const BUILTINS: u32 = 16;
/// `VMContext`: where the epoch is.
pub const EPOCH: u32 = 24;
/// `VMContext`: the canonical id of each type.
pub const TYPES: u32 = 40;
/// `VMContext`: the first field whose place depends on the module.
pub const FIRST: u32 = 48;

/// `VMStoreContext`: the fuel, counted up to 0.
pub const STORE_FUEL: u32 = 0;
/// `VMStoreContext`: the epoch's deadline.
pub const STORE_DEADLINE: u32 = 8;
/// `VMStoreContext`: the limit of the stack.
pub const STORE_LIMIT: u32 = 24;

/// `VMStoreContext`: where the heap of collected objects begins.
pub const HEAP_BASE: u32 = 32;
/// `VMStoreContext`: how many bytes of it there are.
pub const HEAP_LENGTH: u32 = 40;
/// `VMStoreContext`: the frame pointer of the code that calls the host.
pub const EXIT_FRAME: u32 = 48;
/// `VMStoreContext`: the return address of that code.
pub const EXIT_ADDRESS: u32 = 56;
/// `VMStoreContext`: the stack pointer where the host entered Wasm.
pub const ENTRY_STACK: u32 = 64;
/// `VMStoreContext`: the frame pointer there.
pub const ENTRY_FRAME: u32 = 72;
/// `VMStoreContext`: where control goes on there if Wasm does not return.
pub const ENTRY_HANDLER: u32 = 80;
/// `VMStoreContext`: the thread of the component model, as code knows it.
pub const CURRENT_THREAD: u32 = 136;
/// The value of that word where the thread has to be asked for.
pub const THREAD_FORCED: u64 = 1;

/// `VMArrayCallHostFuncContext`: the code of the host's function.
pub const HOST_CODE: u32 = 8;

/// `VMMemoryImport`, `VMTableImport`, `VMTagImport`: the context of the owner.
pub const IMPORT_CONTEXT: u32 = 8;
/// Of these: the index there, 32 bits.
pub const IMPORT_INDEX: u32 = 16;
/// Bytes of `VMMemoryImport`, whose first word leads to the memory's definition.
pub const MEMORY_IMPORT: u32 = 24;
/// Bytes of a pointer to a `VMMemoryDefinition`.
pub const MEMORY_POINTER: u32 = 8;
/// Bytes of `VMMemoryDefinition` and `VMTableDefinition`: base, length.
pub const DEFINITION: u32 = 16;
/// Bytes of `VMFunctionImport` and `VMFuncRef`.
pub const FUNC: u32 = 32;
/// Of these: the code for calls from Wasm.
pub const FUNC_CODE: u32 = 8;
/// Of these: the canonical id of the type, 32 bits.
pub const FUNC_TYPE: u32 = 16;
/// Of these: the context.
pub const FUNC_CONTEXT: u32 = 24;
/// Bytes of `VMTableImport`, whose first word leads to the table's definition.
pub const TABLE_IMPORT: u32 = 24;
/// Bytes of `VMGlobalImport`, whose first word leads to the global's cell.
pub const GLOBAL_IMPORT: u32 = 24;
/// Bytes of `VMTagImport`.
pub const TAG_IMPORT: u32 = 24;
/// Bytes of a tag that is not imported.
pub const TAG: u32 = 4;
/// Bytes of a global's cell, and its alignment.
pub const GLOBAL: u32 = 16;
