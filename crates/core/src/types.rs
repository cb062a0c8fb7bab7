//! The types of values, functions, globals, tables, memories, imports and exports, as embedders see
//! them.
//!
//! Conversions from and to the types of `prova_module`, which decodes and validates, are here;
//! everything else of this crate uses these types. Types of functions, structures and arrays are
//! structural: two equal ones are the same type, of any engine (`listed`).
//!
//! A type of `prova_module` names others by index in a list: the module's, or a store's, where it
//! is called *resolved*.

mod func;
mod listed;
mod memory;
mod object;
mod reference;

pub use func::FuncType;
pub(crate) use listed::{List, Listed};
pub use memory::{MemoryType, MemoryTypeBuilder};
pub use object::{ArrayType, FieldType, Finality, StorageType, StructType};
pub use reference::{HeapType, RefType};

use prova_module as module;
use prova_runtime as rt;
use std::fmt;

/// The type of a value.
///
/// ```
/// use prova_core::*;
///
/// assert!(ValType::I32.is_num() && ValType::FUNCREF.is_ref());
/// assert!(!ValType::I32.matches(&ValType::I64));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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

impl ValType {
    /// Nullable reference to a function.
    pub const FUNCREF: ValType = ValType::Ref(RefType::FUNCREF);
    /// Nullable reference to a value of the host.
    pub const EXTERNREF: ValType = ValType::Ref(RefType::EXTERNREF);
    /// Nullable reference to an exception.
    pub const EXNREF: ValType = ValType::Ref(RefType::EXNREF);
    /// Nullable reference to a structure, an array or a small integer.
    pub const ANYREF: ValType = ValType::Ref(RefType::ANYREF);

    /// Nullable reference to what `ref.eq` compares.
    pub const EQREF: ValType = ValType::Ref(RefType::EQREF);
    /// Nullable reference to a small integer.
    pub const I31REF: ValType = ValType::Ref(RefType::I31REF);
    /// Nullable reference to a structure.
    pub const STRUCTREF: ValType = ValType::Ref(RefType::STRUCTREF);
    /// Nullable reference to an array.
    pub const ARRAYREF: ValType = ValType::Ref(RefType::ARRAYREF);
    /// Null in the hierarchy of `anyref`.
    pub const NULLREF: ValType = ValType::Ref(RefType::NULLREF);
    /// Null in the hierarchy of `externref`.
    pub const NULLEXTERNREF: ValType = ValType::Ref(RefType::NULLEXTERNREF);
    /// Null in the hierarchy of `funcref`.
    pub const NULLFUNCREF: ValType = ValType::Ref(RefType::NULLFUNCREF);

    /// The type of a reference, if it is one.
    pub fn as_ref(&self) -> Option<&RefType> {
        if let ValType::Ref(ty) = self { Some(ty) } else { None }
    }

    /// The type of a reference.
    ///
    /// # Panics
    /// For another type.
    pub fn unwrap_ref(&self) -> &RefType {
        self.as_ref().unwrap_or_else(|| panic!("expected a reference type, got {self}"))
    }

    /// Whether it is an integer or a float.
    pub fn is_num(&self) -> bool {
        matches!(self, ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64)
    }

    /// Whether it is a reference.
    pub fn is_ref(&self) -> bool {
        matches!(self, ValType::Ref(_))
    }

    /// Whether every value of this type is one of `other`.
    pub fn matches(&self, other: &ValType) -> bool {
        match (self, other) {
            (ValType::Ref(this), ValType::Ref(other)) => this.matches(other),
            _ => self == other,
        }
    }

    fn of_list(ty: module::ValType, list: &List) -> ValType {
        ValType::of(ty, |ty| RefType::of_list(ty, list))
    }

    /// A resolved type of a store.
    pub(crate) fn of_store(ty: module::ValType, rt: &rt::Store) -> ValType {
        ValType::of(ty, |ty| RefType::of_store(ty, rt))
    }

    fn of(ty: module::ValType, reference: impl Fn(module::RefType) -> RefType) -> ValType {
        match ty {
            module::ValType::I32 => ValType::I32,
            module::ValType::I64 => ValType::I64,
            module::ValType::F32 => ValType::F32,
            module::ValType::F64 => ValType::F64,
            module::ValType::V128 => ValType::V128,
            module::ValType::Ref(ty) => ValType::Ref(reference(ty)),
        }
    }

    /// The resolved type; `named` gives the identity of a type.
    fn resolved(&self, named: &mut impl FnMut(&Listed) -> module::TypeId) -> module::ValType {
        match self {
            ValType::I32 => module::ValType::I32,
            ValType::I64 => module::ValType::I64,
            ValType::F32 => module::ValType::F32,
            ValType::F64 => module::ValType::F64,
            ValType::V128 => module::ValType::V128,
            ValType::Ref(ty) => module::ValType::Ref(ty.resolved(named)),
        }
    }

    pub(crate) fn resolved_in(&self, rt: &mut rt::Store) -> module::ValType {
        self.resolved(&mut |ty| ty.id_in(rt))
    }

    /// Cells of a value on the stack: 2 for a vector, 1 for everything else.
    pub(crate) fn cells(&self) -> usize {
        if *self == ValType::V128 { 2 } else { 1 }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, deep: bool) -> fmt::Result {
        match self {
            ValType::I32 => f.write_str("i32"),
            ValType::I64 => f.write_str("i64"),
            ValType::F32 => f.write_str("f32"),
            ValType::F64 => f.write_str("f64"),
            ValType::V128 => f.write_str("v128"),
            ValType::Ref(ty) => ty.write(f, deep),
        }
    }
}

impl fmt::Display for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, true)
    }
}

/// Whether a global, a field or an element can be set.
///
/// ```
/// use prova_core::*;
///
/// let mut store = Store::new(&Engine::default(), ());
/// let ty = GlobalType::new(ValType::I32, Mutability::Const);
/// let global = Global::new(&mut store, ty, Val::I32(1))?;
/// assert!(global.set(&mut store, Val::I32(2)).is_err());
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mutability {
    /// It cannot.
    Const,
    /// It can.
    Var,
}

impl Mutability {
    /// Whether it cannot be set.
    pub fn is_const(&self) -> bool {
        *self == Mutability::Const
    }

    /// Whether it can be set.
    pub fn is_var(&self) -> bool {
        *self == Mutability::Var
    }

    fn of(ty: &module::GlobalType) -> Mutability {
        if ty.mutable { Mutability::Var } else { Mutability::Const }
    }
}

/// The type of a global.
///
/// ```
/// use prova_core::*;
///
/// let ty = GlobalType::new(ValType::F32, Mutability::Const);
/// assert_eq!((ty.content(), ty.mutability()), (&ValType::F32, Mutability::Const));
/// ```
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

    pub(crate) fn of_module(ty: &module::GlobalType, module: &module::Module) -> GlobalType {
        let content = ValType::of_list(ty.val, &List::Module(module.clone()));
        GlobalType { content, mutability: Mutability::of(ty) }
    }

    pub(crate) fn of_store(ty: &module::GlobalType, rt: &rt::Store) -> GlobalType {
        let content = ValType::of_store(ty.val, rt);
        GlobalType { content, mutability: Mutability::of(ty) }
    }

    pub(crate) fn resolved_in(&self, rt: &mut rt::Store) -> module::GlobalType {
        module::GlobalType {
            val: self.content.resolved_in(rt),
            mutable: self.mutability == Mutability::Var,
        }
    }
}

/// The type of a table.
///
/// ```
/// use prova_core::*;
///
/// let ty = TableType::new(RefType::FUNCREF, 1, Some(10));
/// assert_eq!((ty.minimum(), ty.maximum(), ty.is_64()), (1, Some(10), false));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TableType {
    element: RefType,
    min: u64,
    max: Option<u64>,
    table64: bool,
}

impl TableType {
    /// A table of `min` elements that may grow to `max`.
    pub fn new(element: RefType, min: u32, max: Option<u32>) -> TableType {
        TableType { element, min: min.into(), max: max.map(u64::from), table64: false }
    }

    /// A table with 64-bit indices.
    pub fn new64(element: RefType, min: u64, max: Option<u64>) -> TableType {
        TableType { element, min, max, table64: true }
    }

    /// The type of its elements.
    pub fn element(&self) -> &RefType {
        &self.element
    }

    /// Least size in elements.
    pub fn minimum(&self) -> u64 {
        self.min
    }

    /// Greatest size in elements.
    pub fn maximum(&self) -> Option<u64> {
        self.max
    }

    /// Whether indices are 64-bit.
    pub fn is_64(&self) -> bool {
        self.table64
    }

    pub(crate) fn of_module(ty: &module::TableType, module: &module::Module) -> TableType {
        TableType::of(ty, RefType::of_list(ty.ref_type, &List::Module(module.clone())))
    }

    pub(crate) fn of_store(ty: &module::TableType, rt: &rt::Store) -> TableType {
        TableType::of(ty, RefType::of_store(ty.ref_type, rt))
    }

    fn of(ty: &module::TableType, element: RefType) -> TableType {
        TableType { element, min: ty.min, max: ty.max, table64: ty.table64 }
    }

    pub(crate) fn resolved_in(&self, rt: &mut rt::Store) -> module::TableType {
        let TableType { ref element, min, max, table64 } = *self;
        module::TableType { ref_type: element.resolved_in(rt), min, max, table64 }
    }
}

/// The type of something imported or exported.
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, wat::parse_str(
///     r#"(module (import "a" "b" (global i64)) (memory (export "m") 1 2))"#,
/// )?)?;
/// let import = module.imports().next().context("none")?;
/// assert_eq!((import.module(), import.name()), ("a", "b"));
/// assert_eq!(import.ty().global().map(GlobalType::content), Some(&ValType::I64));
/// let export = module.exports().next().context("none")?;
/// assert_eq!(export.ty().memory().and_then(MemoryType::maximum), Some(2));
/// # Ok::<(), prova_core::Error>(())
/// ```
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

impl fmt::Display for ExternType {
    /// As in the text format, with limits as `from..to`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limits = |min: u64, max: Option<u64>| match max {
            Some(max) => format!("{min}..{max}"),
            None => format!("{min}.."),
        };
        let index = |is_64| if is_64 { " i64" } else { "" };
        match self {
            ExternType::Func(ty) => write!(f, "func{ty}"),
            ExternType::Tag(ty) => write!(f, "tag{}", ty.to_string().trim_end_matches(" -> ()")),
            ExternType::Global(ty) if ty.mutability() == Mutability::Var => {
                write!(f, "global (mut {})", ty.content())
            }
            ExternType::Global(ty) => write!(f, "global {}", ty.content()),
            ExternType::Table(ty) => {
                let range = limits(ty.minimum(), ty.maximum());
                write!(f, "table{} {range} {}", index(ty.is_64()), ty.element())
            }
            ExternType::Memory(ty) => {
                let range = limits(ty.minimum(), ty.maximum());
                write!(f, "memory{} {range}", index(ty.is_64()))
            }
        }
    }
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
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, wat::parse_str("(module (import \"a\" \"b\" (func)))")?)?;
/// let import = module.imports().next().context("none")?;
/// assert_eq!((import.module(), import.name()), ("a", "b"));
/// assert!(import.ty().func().is_some());
/// # Ok::<(), prova_core::Error>(())
/// ```
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

    /// The import's type.
    pub fn ty(&self) -> ExternType {
        self.ty.clone()
    }
}

/// An export of a module.
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, wat::parse_str("(module (memory (export \"m\") 1))")?)?;
/// let export = module.exports().next().context("none")?;
/// assert_eq!(export.name(), "m");
/// assert!(export.ty().memory().is_some());
/// # Ok::<(), prova_core::Error>(())
/// ```
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

    /// The export's type.
    pub fn ty(&self) -> ExternType {
        self.ty.clone()
    }
}
