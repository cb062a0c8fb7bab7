//! The types of values, functions, globals, tables, memories, imports and exports, as embedders see them.
//!
//! Neighbours: conversions from and to the types of `prova_module`, which decodes and validates; everything else of this
//! crate uses these. Function types of a module are structural: two equal ones are the same type.

use prova_module as module;
use std::fmt;
use std::sync::Arc;

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValType {
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// 32-bit float.
    F32,
    /// 64-bit float.
    F64,
    /// 128-bit vector.
    V128,
    /// Reference.
    Ref(RefType),
}

/// The type of a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RefType {
    nullable: bool,
    heap_type: HeapType,
}

/// What a reference refers to. A reference to functions of one type is shown as one to functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HeapType {
    /// A function of any type.
    Func,
    /// A value of the host.
    Extern,
    /// An exception.
    Exn,
}

impl RefType {
    /// Nullable reference to a function.
    pub const FUNCREF: RefType = RefType { nullable: true, heap_type: HeapType::Func };
    /// Nullable reference to a value of the host.
    pub const EXTERNREF: RefType = RefType { nullable: true, heap_type: HeapType::Extern };
    /// Nullable reference to an exception.
    pub const EXNREF: RefType = RefType { nullable: true, heap_type: HeapType::Exn };

    /// A reference type.
    pub fn new(nullable: bool, heap_type: HeapType) -> RefType {
        RefType { nullable, heap_type }
    }

    /// Whether it may be null.
    pub fn is_nullable(&self) -> bool {
        self.nullable
    }

    /// What it refers to.
    pub fn heap_type(&self) -> &HeapType {
        &self.heap_type
    }

    pub(crate) fn of_module(ty: module::RefType) -> RefType {
        let heap_type = match module::RefKind::of(ty.heap_type()) {
            module::RefKind::Func => HeapType::Func,
            module::RefKind::Extern => HeapType::Extern,
            module::RefKind::Exn => HeapType::Exn,
        };
        RefType { nullable: ty.is_nullable(), heap_type }
    }

    pub(crate) fn to_module(self) -> module::RefType {
        let ty = match self.heap_type {
            HeapType::Func => module::RefType::FUNCREF,
            HeapType::Extern => module::RefType::EXTERNREF,
            HeapType::Exn => module::RefType::EXN.nullable(),
        };
        if self.nullable { ty } else { ty.as_non_null() }
    }
}

impl ValType {
    /// Nullable reference to a function.
    pub const FUNCREF: ValType = ValType::Ref(RefType::FUNCREF);
    /// Nullable reference to a value of the host.
    pub const EXTERNREF: ValType = ValType::Ref(RefType::EXTERNREF);

    /// Whether it is an integer or a float.
    pub fn is_num(&self) -> bool {
        matches!(self, ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64)
    }

    /// Whether it is a reference.
    pub fn is_ref(&self) -> bool {
        matches!(self, ValType::Ref(_))
    }

    pub(crate) fn of_module(ty: module::ValType) -> ValType {
        match ty {
            module::ValType::I32 => ValType::I32,
            module::ValType::I64 => ValType::I64,
            module::ValType::F32 => ValType::F32,
            module::ValType::F64 => ValType::F64,
            module::ValType::V128 => ValType::V128,
            module::ValType::Ref(ty) => ValType::Ref(RefType::of_module(ty)),
        }
    }

    pub(crate) fn to_module(self) -> module::ValType {
        match self {
            ValType::I32 => module::ValType::I32,
            ValType::I64 => module::ValType::I64,
            ValType::F32 => module::ValType::F32,
            ValType::F64 => module::ValType::F64,
            ValType::V128 => module::ValType::V128,
            ValType::Ref(ty) => module::ValType::Ref(ty.to_module()),
        }
    }

    /// Cells of a value on the stack: 2 for a vector, 1 for everything else.
    pub(crate) fn cells(self) -> usize {
        if self == ValType::V128 { 2 } else { 1 }
    }
}

/// Cells of a list of values together.
pub(crate) fn cells_of(types: &[ValType]) -> usize {
    types.iter().map(|ty| ty.cells()).sum()
}

impl fmt::Display for RefType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.heap_type, self.nullable) {
            (HeapType::Func, true) => "funcref",
            (HeapType::Extern, true) => "externref",
            (HeapType::Exn, true) => "exnref",
            (HeapType::Func, false) => "(ref func)",
            (HeapType::Extern, false) => "(ref extern)",
            (HeapType::Exn, false) => "(ref exn)",
        })
    }
}

impl fmt::Display for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ValType::I32 => f.write_str("i32"),
            ValType::I64 => f.write_str("i64"),
            ValType::F32 => f.write_str("f32"),
            ValType::F64 => f.write_str("f64"),
            ValType::V128 => f.write_str("v128"),
            ValType::Ref(ty) => ty.fmt(f),
        }
    }
}

/// The type of a function.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FuncType {
    params: Arc<[ValType]>,
    results: Arc<[ValType]>,
}

impl FuncType {
    /// The type from `params` to `results`.
    pub fn new(
        _engine: &crate::Engine,
        params: impl IntoIterator<Item = ValType>,
        results: impl IntoIterator<Item = ValType>,
    ) -> FuncType {
        FuncType::of(params, results)
    }

    pub(crate) fn of(
        params: impl IntoIterator<Item = ValType>,
        results: impl IntoIterator<Item = ValType>,
    ) -> FuncType {
        FuncType { params: params.into_iter().collect(), results: results.into_iter().collect() }
    }

    /// The types of the parameters.
    pub fn params(&self) -> impl ExactSizeIterator<Item = ValType> + '_ {
        self.params.iter().copied()
    }

    /// The types of the results.
    pub fn results(&self) -> impl ExactSizeIterator<Item = ValType> + '_ {
        self.results.iter().copied()
    }

    pub(crate) fn param_slice(&self) -> &[ValType] {
        &self.params
    }

    pub(crate) fn result_slice(&self) -> &[ValType] {
        &self.results
    }

    pub(crate) fn of_module(ty: &module::FuncType) -> FuncType {
        let convert =
            |types: &[module::ValType]| types.iter().map(|&ty| ValType::of_module(ty)).collect();
        FuncType { params: convert(&ty.params), results: convert(&ty.results) }
    }

    pub(crate) fn to_module(&self) -> module::FuncType {
        module::FuncType::new(
            self.params().map(ValType::to_module),
            self.results().map(ValType::to_module),
        )
    }
}

impl fmt::Display for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, types: &[ValType]| {
            f.write_str("(")?;
            for (i, ty) in types.iter().enumerate() {
                write!(f, "{}{ty}", if i == 0 { "" } else { ", " })?;
            }
            f.write_str(")")
        };
        list(f, &self.params)?;
        f.write_str(" -> ")?;
        list(f, &self.results)
    }
}

impl fmt::Debug for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Whether a global can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mutability {
    /// It cannot.
    Const,
    /// It can.
    Var,
}

/// The type of a global.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GlobalType {
    content: ValType,
    mutability: Mutability,
}

impl GlobalType {
    /// A global of this type.
    pub fn new(content: ValType, mutability: Mutability) -> GlobalType {
        GlobalType { content, mutability }
    }

    /// The type of its value.
    pub fn content(&self) -> &ValType {
        &self.content
    }

    /// Whether it can be set.
    pub fn mutability(&self) -> Mutability {
        self.mutability
    }

    pub(crate) fn of_module(ty: &module::GlobalType) -> GlobalType {
        let mutability = if ty.mutable { Mutability::Var } else { Mutability::Const };
        GlobalType { content: ValType::of_module(ty.val), mutability }
    }

    pub(crate) fn to_module(&self) -> module::GlobalType {
        module::GlobalType {
            val: self.content.to_module(),
            mutable: self.mutability == Mutability::Var,
        }
    }
}

/// The type of a table.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TableType(module::TableType);

impl TableType {
    /// A table of `min` elements that may grow to `max`.
    pub fn new(element: RefType, min: u32, max: Option<u32>) -> TableType {
        TableType(module::TableType {
            ref_type: element.to_module(),
            min: min.into(),
            max: max.map(u64::from),
            table64: false,
        })
    }

    /// A table with 64-bit indices.
    pub fn new64(element: RefType, min: u64, max: Option<u64>) -> TableType {
        TableType(module::TableType { ref_type: element.to_module(), min, max, table64: true })
    }

    /// The type of its elements.
    pub fn element(&self) -> RefType {
        RefType::of_module(self.0.ref_type)
    }

    /// Least size in elements.
    pub fn minimum(&self) -> u64 {
        self.0.min
    }

    /// Greatest size in elements.
    pub fn maximum(&self) -> Option<u64> {
        self.0.max
    }

    /// Whether indices are 64-bit.
    pub fn is_64(&self) -> bool {
        self.0.table64
    }

    pub(crate) fn of_module(ty: &module::TableType) -> TableType {
        TableType(*ty)
    }

    pub(crate) fn to_module(&self) -> module::TableType {
        self.0
    }
}

/// The type of a memory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MemoryType(module::MemoryType);

impl MemoryType {
    /// A memory of `min` pages of 64 KiB that may grow to `max`.
    pub fn new(min: u32, max: Option<u32>) -> MemoryType {
        MemoryType(module::MemoryType {
            min: min.into(),
            max: max.map(u64::from),
            memory64: false,
            shared: false,
            page_size_log2: 16,
        })
    }

    /// A memory with 64-bit addresses.
    pub fn new64(min: u64, max: Option<u64>) -> MemoryType {
        let ty = MemoryType::new(0, None).0;
        MemoryType(module::MemoryType { min, max, memory64: true, ..ty })
    }

    /// Least size in pages.
    pub fn minimum(&self) -> u64 {
        self.0.min
    }

    /// Greatest size in pages.
    pub fn maximum(&self) -> Option<u64> {
        self.0.max
    }

    /// Whether addresses are 64-bit.
    pub fn is_64(&self) -> bool {
        self.0.memory64
    }

    /// Size of a page in bytes.
    pub fn page_size(&self) -> u64 {
        1 << self.page_size_log2()
    }

    /// log2 of the size of a page in bytes.
    pub fn page_size_log2(&self) -> u8 {
        // 0 or 16 in every valid type.
        self.0.page_size_log2 as u8
    }

    pub(crate) fn of_module(ty: &module::MemoryType) -> MemoryType {
        MemoryType(*ty)
    }

    pub(crate) fn to_module(&self) -> module::MemoryType {
        self.0
    }
}

/// The type of something imported or exported.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExternType {
    /// A function.
    Func(FuncType),
    /// A global.
    Global(GlobalType),
    /// A table.
    Table(TableType),
    /// A memory.
    Memory(MemoryType),
    /// A tag, whose exceptions have the parameters of this type for values.
    Tag(FuncType),
}

impl ExternType {
    /// The function's type, if it is one.
    pub fn func(&self) -> Option<&FuncType> {
        if let ExternType::Func(ty) = self { Some(ty) } else { None }
    }

    /// The global's type, if it is one.
    pub fn global(&self) -> Option<&GlobalType> {
        if let ExternType::Global(ty) = self { Some(ty) } else { None }
    }

    /// The table's type, if it is one.
    pub fn table(&self) -> Option<&TableType> {
        if let ExternType::Table(ty) = self { Some(ty) } else { None }
    }

    /// The tag's type, if it is one.
    pub fn tag(&self) -> Option<&FuncType> {
        if let ExternType::Tag(ty) = self { Some(ty) } else { None }
    }

    /// The memory's type, if it is one.
    pub fn memory(&self) -> Option<&MemoryType> {
        if let ExternType::Memory(ty) = self { Some(ty) } else { None }
    }
}

/// An import of a module.
#[derive(Clone, Debug)]
pub struct ImportType<'m> {
    pub(crate) module: &'m str,
    pub(crate) name: &'m str,
    pub(crate) ty: ExternType,
}

impl<'m> ImportType<'m> {
    /// The module name.
    pub fn module(&self) -> &'m str {
        self.module
    }

    /// The item name.
    pub fn name(&self) -> &'m str {
        self.name
    }

    /// What is imported.
    pub fn ty(&self) -> ExternType {
        self.ty.clone()
    }
}

/// An export of a module.
#[derive(Clone, Debug)]
pub struct ExportType<'m> {
    pub(crate) name: &'m str,
    pub(crate) ty: ExternType,
}

impl<'m> ExportType<'m> {
    /// The name.
    pub fn name(&self) -> &'m str {
        self.name
    }

    /// What is exported.
    pub fn ty(&self) -> ExternType {
        self.ty.clone()
    }
}
