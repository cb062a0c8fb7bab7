//! STUB of the crate that checks machine code: the public types of its contract, and a check that
//! accepts everything. It stands here until the crate itself does, and nothing that executes
//! machine code may be released over it.
//!
//! ```text
//! Wasm, Config ─ Layout::derive ─► Layout ─ check(Code) ─► CheckedCode | Rejection
//! ```

use sha2::{Digest, Sha256};
use std::fmt;
use wasmparser::{Parser, Payload, TypeRef};

/// How memories with 32-bit addresses and pages of 64 KiB are protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MemoryShape {
    /// Reserved as a whole, with inaccessible bytes behind: an access needs no compare where
    /// `offset + size ≤ guard_bytes`.
    Guard {
        /// Address space of the memory.
        reservation_bytes: u64,
        /// Inaccessible bytes behind the reservation.
        guard_bytes: u64,
    },
    /// Each access compares its address with the memory's length and branches.
    Explicit,
}

impl MemoryShape {
    /// 4 GiB, and 32 MiB behind.
    pub const GUARD: MemoryShape =
        MemoryShape::Guard { reservation_bytes: 4 << 30, guard_bytes: 32 << 20 };
}

/// Which charges and polls code has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Metering {
    /// Charges of fuel.
    pub fuel: bool,
    /// Polls of the epoch.
    pub epoch: bool,
}

/// Which instructions code may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CpuLevel {
    /// x86-64-v2: SSE4.2, POPCNT.
    V2,
    /// x86-64-v3: AVX2, BMI, LZCNT, FMA.
    #[default]
    V3,
}

/// What code was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// The shape of memories.
    pub memory: MemoryShape,
    /// Charges and polls.
    pub metering: Metering,
    /// Instructions.
    pub cpu: CpuLevel,
    /// Whether faults of memory and division are traps, by a signal handler.
    pub signals: bool,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            memory: MemoryShape::GUARD,
            metering: Metering::default(),
            cpu: CpuLevel::default(),
            signals: true,
        }
    }
}

/// Offsets of the immutable words of a vmctx, and of records.
pub mod offsets {
    /// In a vmctx: the [store's words](STORE_FUEL).
    pub const STORE: u32 = 0x00;
    /// In a vmctx: the table of builtins.
    pub const BUILTINS: u32 = 0x08;
    /// In a vmctx: the canonical id of each type, 32 bits each.
    pub const TYPES: u32 = 0x10;
    /// In a vmctx: the records of the defined functions.
    pub const DEFINED: u32 = 0x18;
    /// In a vmctx: the first word that depends on the module.
    pub const FIRST: u32 = 0x20;
    /// In the store's words: the fuel that is left.
    pub const STORE_FUEL: u32 = 0;
    /// In the store's words: where the epoch is.
    pub const STORE_EPOCH: u32 = 8;
    /// In the store's words: the epoch's deadline.
    pub const STORE_DEADLINE: u32 = 16;
    /// In the store's words: the records of all functions by address, a pointer each.
    pub const STORE_FUNCS: u32 = 24;
    /// In the store's words: the cells through which thunks and builtins pass values.
    pub const STORE_ARGS: u32 = 32;
    /// Cells behind [`STORE_ARGS`].
    pub const ARGS_CELLS: u32 = 2_048;
    /// Size of a function's record.
    pub const RECORD_BYTES: u32 = 32;
    /// In a function's record: where calls lead.
    pub const RECORD_CODE: u32 = 0;
    /// In a function's record: the vmctx of its instance.
    pub const RECORD_VMCTX: u32 = 8;
    /// In a function's record: the canonical id of its type, 32 bits.
    pub const RECORD_TYPE: u32 = 16;
    /// In a function's record: its address in the store, 32 bits.
    pub const RECORD_ADDRESS: u32 = 20;
    /// In a record of a memory or table: its first byte or element.
    pub const OBJECT_BASE: u32 = 0;
    /// In a record of a memory or table: its length in bytes or elements, 64 bits.
    pub const OBJECT_LEN: u32 = 8;
    /// The index of the builtin that calls a function without native code.
    pub const BUILTIN_CALL: u32 = 0;
    /// The index of the builtin that performs an operator.
    pub const BUILTIN_PERFORM: u32 = 1;
    /// The index of the builtin that traps.
    pub const BUILTIN_TRAP: u32 = 2;
    /// How many bytes of native stack a frame may take for each byte that it is charged.
    pub const FRAME_RATIO: u64 = 16;
}

/// Why code stops, as rows of its trap map say it.
pub mod traps {
    /// `unreachable`.
    pub const UNREACHABLE: u8 = 1;
    /// A division by zero.
    pub const INTEGER_DIVISION_BY_ZERO: u8 = 2;
    /// A result that does not fit.
    pub const INTEGER_OVERFLOW: u8 = 3;
    /// A conversion of a NaN.
    pub const BAD_CONVERSION_TO_INTEGER: u8 = 4;
    /// An access outside of a memory.
    pub const MEMORY_OUT_OF_BOUNDS: u8 = 5;
    /// An access outside of a table.
    pub const TABLE_OUT_OF_BOUNDS: u8 = 6;
    /// An indirect call outside of a table.
    pub const UNDEFINED_ELEMENT: u8 = 7;
    /// An indirect call of a null element.
    pub const UNINITIALIZED_ELEMENT: u8 = 8;
    /// An indirect call of another type.
    pub const INDIRECT_CALL_TYPE_MISMATCH: u8 = 9;
    /// The logical stack limit.
    pub const STACK_OVERFLOW: u8 = 10;
    /// No fuel left.
    pub const OUT_OF_FUEL: u8 = 11;
    /// The epoch's deadline.
    pub const INTERRUPT: u8 = 12;
    /// An atomic access that is not aligned.
    pub const HEAP_MISALIGNED: u8 = 13;
    /// A null reference.
    pub const NULL_REFERENCE: u8 = 14;
    /// A place that nothing reaches.
    pub const BUG: u8 = 15;
}

/// The words of a vmctx, derived from the module alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    config: Config,
    module: [u8; 32],
    funcs: u32,
    memories: u32,
    tables: u32,
    globals: u32,
}

/// Why a module has no layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayoutError(String);

impl fmt::Display for LayoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for LayoutError {}

/// What a piece of code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CodeKind {
    /// A function, by its index in the module.
    Func(u32),
    /// The way into functions of a type, by its index in the module.
    ThunkIn(u32),
    /// The way out of native code, to functions of a type.
    ThunkOut(u32),
}

/// An instruction that may stop the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TrapRow {
    /// Where it is.
    pub code_offset: u32,
    /// Why: a number of [`traps`].
    pub kind: u8,
    /// Module offset of its operator.
    pub wasm_offset: u32,
}

/// A call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallRow {
    /// Where it returns to.
    pub return_offset: u32,
    /// Module offset of its operator.
    pub wasm_offset: u32,
}

/// Code to be checked.
#[derive(Clone, Copy, Debug)]
pub struct Code<'a> {
    /// What it is.
    pub kind: CodeKind,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// What it says of itself.
    pub certificate: &'a [u8],
    /// Its trap map, by offset.
    pub traps: &'a [TrapRow],
    /// Its calls, by offset.
    pub calls: &'a [CallRow],
}

/// Code that passed, and the metadata that passed with it.
#[derive(Clone, Debug)]
pub struct CheckedCode {
    kind: CodeKind,
    layout: [u8; 32],
    traps: Box<[TrapRow]>,
    calls: Box<[CallRow]>,
}

/// Why code does not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// What it is.
    pub kind: CodeKind,
    /// Where.
    pub offset: u32,
    /// Why.
    pub what: String,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {:#x}: {}", self.kind, self.offset, self.what)
    }
}

impl std::error::Error for Rejection {}

impl Layout {
    /// The layout of a module.
    ///
    /// # Errors
    /// If the module cannot be read.
    pub fn derive(wasm: &[u8], config: &Config) -> Result<Layout, LayoutError> {
        let failed = |error: wasmparser::BinaryReaderError| LayoutError(error.to_string());
        let (mut funcs, mut memories, mut tables, mut globals) = (0, 0, 0, 0);
        for payload in Parser::new(0).parse_all(wasm) {
            match payload.map_err(failed)? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        match import.map_err(failed)?.ty {
                            TypeRef::Func(_) | TypeRef::FuncExact(_) => funcs += 1,
                            TypeRef::Memory(_) => memories += 1,
                            TypeRef::Table(_) => tables += 1,
                            TypeRef::Global(_) => globals += 1,
                            TypeRef::Tag(_) => {}
                        }
                    }
                }
                Payload::MemorySection(section) => memories += section.count(),
                Payload::TableSection(section) => tables += section.count(),
                Payload::GlobalSection(section) => globals += section.count(),
                _ => {}
            }
        }
        let module = Sha256::digest(wasm).into();
        Ok(Layout { config: *config, module, funcs, memories, tables, globals })
    }

    /// What it was derived for.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The module's digest.
    pub fn module_digest(&self) -> &[u8; 32] {
        &self.module
    }

    /// What tells layouts apart.
    pub fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.module);
        hash.update(format!("{:?}", self.config));
        hash.finalize().into()
    }

    /// Bytes of a vmctx.
    pub fn vmctx_bytes(&self) -> u32 {
        self.global(self.globals)
    }

    /// The word that leads to the record of an imported function.
    pub fn imported_func(&self, index: u32) -> u32 {
        offsets::FIRST + 8 * index
    }

    /// The word that leads to the record of a memory.
    pub fn memory(&self, index: u32) -> u32 {
        self.imported_func(self.funcs) + 8 * index
    }

    /// The word that leads to the record of a table.
    pub fn table(&self, index: u32) -> u32 {
        self.memory(self.memories) + 8 * index
    }

    /// The word that leads to the cells of a global.
    pub fn global(&self, index: u32) -> u32 {
        self.table(self.tables) + 8 * index
    }

    /// Accepts everything: see the head of this page.
    ///
    /// # Errors
    /// None.
    pub fn check(&self, code: Code<'_>) -> Result<CheckedCode, Rejection> {
        let layout = self.digest();
        Ok(CheckedCode {
            kind: code.kind,
            layout,
            traps: code.traps.into(),
            calls: code.calls.into(),
        })
    }
}

impl CheckedCode {
    /// What it is.
    pub fn kind(&self) -> CodeKind {
        self.kind
    }

    /// The digest of the layout that it was checked in.
    pub fn layout_digest(&self) -> &[u8; 32] {
        &self.layout
    }

    /// The row of an instruction that may stop the code.
    pub fn trap_at(&self, code_offset: u32) -> Option<TrapRow> {
        let found = self.traps.binary_search_by_key(&code_offset, |row| row.code_offset);
        found.ok().map(|at| self.traps[at])
    }

    /// The row of a call.
    pub fn call_at(&self, return_offset: u32) -> Option<CallRow> {
        let found = self.calls.binary_search_by_key(&return_offset, |row| row.return_offset);
        found.ok().map(|at| self.calls[at])
    }
}
