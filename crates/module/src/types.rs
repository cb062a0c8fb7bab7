//! The module's external types as data: the contents of the import and export sections, with
//! wasmparser's value types and our typed indices (specification 2.3, 2.5).
//!
//! Function types stand in `func_type`, the type section in `groups`.

use crate::index::{TableIdx, TypeIdx};
use crate::{ConstExpr, FuncIdx, GlobalIdx, MemoryIdx, TagIdx};
use std::fmt;
use std::ops::Range;
use wasmparser::{RefType, ValType};

/// A table's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TableType {
    /// Type of the elements.
    pub ref_type: RefType,
    /// Least size in elements.
    pub min: u64,
    /// Greatest size in elements, if there is one.
    pub max: Option<u64>,
    /// Whether indices are 64-bit.
    pub table64: bool,
}

/// A memory's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MemoryType {
    /// Least size in pages.
    pub min: u64,
    /// Greatest size in pages, if there is one.
    pub max: Option<u64>,
    /// Whether addresses are 64-bit.
    pub memory64: bool,
    /// Whether the memory is shared between threads (only where the features have
    /// [`Proposal::SharedMemory`](crate::Proposal::SharedMemory)).
    pub shared: bool,
    /// log2 of the page size in bytes: 16, or 0 with custom page sizes.
    pub page_size_log2: u32,
}

/// A global's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GlobalType {
    /// Type of the value.
    pub val: ValType,
    /// Whether it can be set.
    pub mutable: bool,
}

/// The type of something imported or exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExternType {
    /// A function of this type of the module.
    Func(TypeIdx),
    /// A table.
    Table(TableType),
    /// A memory.
    Memory(MemoryType),
    /// A global.
    Global(GlobalType),
    /// A tag whose values are the parameters of this type of the module.
    Tag(TypeIdx),
}

impl ExternType {
    /// The kind alone.
    pub fn kind(&self) -> ExternKind {
        match self {
            ExternType::Func(_) => ExternKind::Func,
            ExternType::Table(_) => ExternKind::Table,
            ExternType::Memory(_) => ExternKind::Memory,
            ExternType::Global(_) => ExternKind::Global,
            ExternType::Tag(_) => ExternKind::Tag,
        }
    }
}

/// The kind of something imported or exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExternKind {
    /// A function.
    Func,
    /// A table.
    Table,
    /// A memory.
    Memory,
    /// A global.
    Global,
    /// A tag.
    Tag,
}

impl fmt::Display for ExternKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ExternKind::Func => "func",
            ExternKind::Table => "table",
            ExternKind::Memory => "memory",
            ExternKind::Global => "global",
            ExternKind::Tag => "tag",
        })
    }
}

/// An import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The module name.
    pub module: Box<str>,
    /// The item name.
    pub name: Box<str>,
    /// The import's type.
    pub kind: ExternType,
    /// Module offset of the entry in the import section.
    pub offset: usize,
}

/// An export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// The name; unique in a module.
    pub name: Box<str>,
    /// The export's kind.
    pub kind: ExternKind,
    /// Its index in the index space of its kind.
    pub index: u32,
}

impl Export {
    /// The function exported, if it is one.
    pub fn func(&self) -> Option<FuncIdx> {
        (self.kind == ExternKind::Func).then_some(FuncIdx(self.index))
    }

    /// The table exported, if it is one.
    pub fn table(&self) -> Option<TableIdx> {
        (self.kind == ExternKind::Table).then_some(TableIdx(self.index))
    }

    /// The memory exported, if it is one.
    pub fn memory(&self) -> Option<MemoryIdx> {
        (self.kind == ExternKind::Memory).then_some(MemoryIdx(self.index))
    }

    /// The global exported, if it is one.
    pub fn global(&self) -> Option<GlobalIdx> {
        (self.kind == ExternKind::Global).then_some(GlobalIdx(self.index))
    }

    /// The tag exported, if it is one.
    pub fn tag(&self) -> Option<TagIdx> {
        (self.kind == ExternKind::Tag).then_some(TagIdx(self.index))
    }
}

/// An element segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// When it is used.
    pub kind: ElementKind,
    /// The items.
    pub items: ElementItems,
}

impl Element {
    /// The type of its elements.
    pub fn ref_type(&self) -> RefType {
        match &self.items {
            ElementItems::Funcs(_) => RefType::FUNCREF,
            ElementItems::Exprs(ty, _) => *ty,
        }
    }

    /// How many elements it holds.
    pub fn len(&self) -> usize {
        match &self.items {
            ElementItems::Funcs(funcs) => funcs.len(),
            ElementItems::Exprs(_, exprs) => exprs.len(),
        }
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// When an element segment is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ElementKind {
    /// By `table.init`.
    Passive,
    /// At instantiation.
    Active {
        /// The table written.
        table: TableIdx,
        /// The first element written.
        offset: ConstExpr,
    },
    /// Never; it declares functions for `ref.func`.
    Declared,
}

/// The items of an element segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ElementItems {
    /// References to these functions.
    Funcs(Box<[FuncIdx]>),
    /// The values of these expressions, all of this type.
    Exprs(RefType, Box<[ConstExpr]>),
}

/// A data segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data {
    /// When it is used.
    pub mode: DataMode,
    /// Where its bytes are in the module.
    pub range: Range<usize>,
}

/// When a data segment is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataMode {
    /// By `memory.init`.
    Passive,
    /// At instantiation.
    Active {
        /// The memory written.
        memory: MemoryIdx,
        /// The first address written.
        offset: ConstExpr,
    },
}

/// A section as it stands in the module, custom sections included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The section id of the binary format; 0 is a custom section.
    pub id: u8,
    /// Where its contents are in the module, without id and size.
    pub range: Range<usize>,
}

/// A custom section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomSection {
    /// Its name.
    pub name: Box<str>,
    /// Where its bytes are in the module, without the name.
    pub range: Range<usize>,
    /// Its place among all sections: an index into [`Module::sections`](crate::Module::sections).
    pub placement: usize,
}
