//! `wasm_externtype_t` and its kinds: functions, globals, tables, memories, tags.
//!
//! All kinds are one Rust type, so the conversions of the header give the pointer that they get, or
//! null if it is of another kind.

use crate::pointer::{Give, In, end, want};
use crate::vector::vector_functions;
use crate::wasm::value_types::{types_of, vector_of, wasm_valtype_t, wasm_valtype_vec_t};
use prova::{Engine, ExternType, FuncType, GlobalType, MemoryType, Mutability, TableType, ValType};

/// The kind of an object; the values are those of the header.
pub(crate) type wasm_externkind_t = u8;

pub(crate) const WASM_EXTERN_FUNC: wasm_externkind_t = 0;
pub(crate) const WASM_EXTERN_GLOBAL: wasm_externkind_t = 1;
pub(crate) const WASM_EXTERN_TABLE: wasm_externkind_t = 2;
pub(crate) const WASM_EXTERN_MEMORY: wasm_externkind_t = 3;
pub(crate) const WASM_EXTERN_TAG: wasm_externkind_t = 4;

const WASM_CONST: u8 = 0;
const WASM_VAR: u8 = 1;

/// A size and the greatest one; [`NO_MAXIMUM`] is none.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct wasm_limits_t {
    min: u32,
    max: u32,
}

const NO_MAXIMUM: u32 = u32::MAX;

/// A type of an object.
#[derive(Clone, Debug)]
pub(crate) enum wasm_externtype_t {
    Func(FunctionType),
    Global { content: Box<wasm_valtype_t>, mutable: bool },
    Table { element: Box<wasm_valtype_t>, limits: wasm_limits_t, ty: Option<TableType> },
    Memory { limits: wasm_limits_t, ty: MemoryType },
    Tag(Box<wasm_externtype_t>),
}

/// The type of a function.
#[derive(Clone, Debug)]
pub(crate) struct FunctionType {
    params: wasm_valtype_vec_t,
    results: wasm_valtype_vec_t,
}

impl FunctionType {
    fn of(ty: &FuncType) -> FunctionType {
        FunctionType { params: vector_of(ty.params()), results: vector_of(ty.results()) }
    }
}

fn limits_of(min: u64, max: Option<u64>) -> wasm_limits_t {
    let bounded = |x: u64| u32::try_from(x).unwrap_or(u32::MAX);
    wasm_limits_t { min: bounded(min), max: max.map_or(NO_MAXIMUM, bounded) }
}

impl wasm_limits_t {
    fn maximum(self) -> Option<u32> {
        (self.max != NO_MAXIMUM).then_some(self.max)
    }
}

impl wasm_externtype_t {
    /// The type of a function.
    pub(crate) fn of_func(ty: &FuncType) -> Box<wasm_externtype_t> {
        Box::new(wasm_externtype_t::Func(FunctionType::of(ty)))
    }

    /// The type of a global.
    pub(crate) fn of_global(ty: &GlobalType) -> Box<wasm_externtype_t> {
        let content = Box::new(wasm_valtype_t { ty: ty.content().clone() });
        let mutable = ty.mutability() == Mutability::Var;
        Box::new(wasm_externtype_t::Global { content, mutable })
    }

    /// The type of a table.
    pub(crate) fn of_table(ty: TableType) -> Box<wasm_externtype_t> {
        let element = Box::new(wasm_valtype_t { ty: ValType::Ref(ty.element().clone()) });
        let limits = limits_of(ty.minimum(), ty.maximum());
        Box::new(wasm_externtype_t::Table { element, limits, ty: Some(ty) })
    }

    /// The type of a memory.
    pub(crate) fn of_memory(ty: MemoryType) -> Box<wasm_externtype_t> {
        let limits = limits_of(ty.minimum(), ty.maximum());
        Box::new(wasm_externtype_t::Memory { limits, ty })
    }

    /// The type of any object.
    pub(crate) fn of(ty: ExternType) -> Box<wasm_externtype_t> {
        match ty {
            ExternType::Func(ty) => wasm_externtype_t::of_func(&ty),
            ExternType::Global(ty) => wasm_externtype_t::of_global(&ty),
            ExternType::Table(ty) => wasm_externtype_t::of_table(ty),
            ExternType::Memory(ty) => wasm_externtype_t::of_memory(ty),
            ExternType::Tag(ty) => {
                Box::new(wasm_externtype_t::Tag(wasm_externtype_t::of_func(&ty)))
            }
            other => end(&format!("the C API has no type for {other:?}")),
        }
    }

    fn kind(&self) -> wasm_externkind_t {
        match self {
            wasm_externtype_t::Func(_) => WASM_EXTERN_FUNC,
            wasm_externtype_t::Global { .. } => WASM_EXTERN_GLOBAL,
            wasm_externtype_t::Table { .. } => WASM_EXTERN_TABLE,
            wasm_externtype_t::Memory { .. } => WASM_EXTERN_MEMORY,
            wasm_externtype_t::Tag(_) => WASM_EXTERN_TAG,
        }
    }

    fn func(&self) -> &FunctionType {
        match self {
            wasm_externtype_t::Func(ty) => ty,
            wasm_externtype_t::Global { .. }
            | wasm_externtype_t::Table { .. }
            | wasm_externtype_t::Memory { .. }
            | wasm_externtype_t::Tag(_) => other_kind("function"),
        }
    }

    /// The engine's form of a function's type.
    pub(crate) fn to_func(&self, engine: &Engine) -> FuncType {
        let FunctionType { params, results } = self.func();
        FuncType::new(engine, types_of(params), types_of(results))
    }

    /// The engine's form of a global's type.
    pub(crate) fn to_global(&self) -> GlobalType {
        let wasm_externtype_t::Global { content, mutable } = self else { other_kind("global") };
        let mutability = if *mutable { Mutability::Var } else { Mutability::Const };
        GlobalType::new(content.ty.clone(), mutability)
    }

    /// The engine's form of a table's type; `None` if its elements are no references.
    pub(crate) fn to_table(&self) -> Option<TableType> {
        let wasm_externtype_t::Table { ty, .. } = self else { other_kind("table") };
        ty.clone()
    }

    /// The engine's form of the type of a tag's values.
    pub(crate) fn to_tag(&self, engine: &Engine) -> FuncType {
        let wasm_externtype_t::Tag(func) = self else { other_kind("tag") };
        func.to_func(engine)
    }

    /// The engine's form of a memory's type.
    pub(crate) fn to_memory(&self) -> &MemoryType {
        let wasm_externtype_t::Memory { ty, .. } = self else { other_kind("memory") };
        ty
    }
}

fn other_kind(wanted: &str) -> ! {
    end(&format!("a type that is none of a {wanted} was given for one"))
}

#[unsafe(no_mangle)]
extern "C" fn wasm_functype_new(
    mut params: Give<wasm_valtype_vec_t>,
    mut results: Give<wasm_valtype_vec_t>,
) -> Option<Box<wasm_externtype_t>> {
    let (params, results) = (params.take(), results.take());
    Some(Box::new(wasm_externtype_t::Func(FunctionType { params, results })))
}

#[unsafe(no_mangle)]
extern "C" fn wasm_functype_params(ty: In<wasm_externtype_t>) -> *const wasm_valtype_vec_t {
    &raw const ty.want("functype").func().params
}

#[unsafe(no_mangle)]
extern "C" fn wasm_functype_results(ty: In<wasm_externtype_t>) -> *const wasm_valtype_vec_t {
    &raw const ty.want("functype").func().results
}

#[unsafe(no_mangle)]
extern "C" fn wasm_globaltype_new(
    content: Option<Box<wasm_valtype_t>>,
    mutability: u8,
) -> Option<Box<wasm_externtype_t>> {
    let content = want(content, "valtype");
    let mutable = match mutability {
        WASM_CONST => false,
        WASM_VAR => true,
        other => end(&format!("there is no mutability with the number {other}")),
    };
    Some(Box::new(wasm_externtype_t::Global { content, mutable }))
}

#[unsafe(no_mangle)]
extern "C" fn wasm_globaltype_content(ty: In<wasm_externtype_t>) -> *const wasm_valtype_t {
    match ty.want("globaltype") {
        wasm_externtype_t::Global { content, .. } => &raw const **content,
        wasm_externtype_t::Func(_)
        | wasm_externtype_t::Table { .. }
        | wasm_externtype_t::Memory { .. }
        | wasm_externtype_t::Tag(_) => other_kind("global"),
    }
}

#[unsafe(no_mangle)]
extern "C" fn wasm_globaltype_mutability(ty: In<wasm_externtype_t>) -> u8 {
    let wasm_externtype_t::Global { mutable, .. } = ty.want("globaltype") else {
        other_kind("global")
    };
    if *mutable { WASM_VAR } else { WASM_CONST }
}

#[unsafe(no_mangle)]
extern "C" fn wasm_tabletype_new(
    element: Option<Box<wasm_valtype_t>>,
    limits: In<wasm_limits_t>,
) -> Option<Box<wasm_externtype_t>> {
    let (element, limits) = (want(element, "valtype"), *limits.want("limits"));
    let ty = match &element.ty {
        ValType::Ref(ty) => Some(TableType::new(ty.clone(), limits.min, limits.maximum())),
        ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 | ValType::V128 => None,
    };
    Some(Box::new(wasm_externtype_t::Table { element, limits, ty }))
}

#[unsafe(no_mangle)]
extern "C" fn wasm_tabletype_element(ty: In<wasm_externtype_t>) -> *const wasm_valtype_t {
    let wasm_externtype_t::Table { element, .. } = ty.want("tabletype") else {
        other_kind("table")
    };
    &raw const **element
}

#[unsafe(no_mangle)]
extern "C" fn wasm_tabletype_limits(ty: In<wasm_externtype_t>) -> *const wasm_limits_t {
    let wasm_externtype_t::Table { limits, .. } = ty.want("tabletype") else { other_kind("table") };
    limits
}

#[unsafe(no_mangle)]
extern "C" fn wasm_memorytype_new(limits: In<wasm_limits_t>) -> Option<Box<wasm_externtype_t>> {
    let limits = *limits.want("limits");
    let ty = MemoryType::new(limits.min, limits.maximum());
    Some(Box::new(wasm_externtype_t::Memory { limits, ty }))
}

#[unsafe(no_mangle)]
extern "C" fn wasm_memorytype_limits(ty: In<wasm_externtype_t>) -> *const wasm_limits_t {
    let wasm_externtype_t::Memory { limits, .. } = ty.want("memorytype") else {
        other_kind("memory")
    };
    limits
}

#[unsafe(no_mangle)]
extern "C" fn wasm_tagtype_new(
    ty: Option<Box<wasm_externtype_t>>,
) -> Option<Box<wasm_externtype_t>> {
    Some(Box::new(wasm_externtype_t::Tag(want(ty, "functype"))))
}

#[unsafe(no_mangle)]
extern "C" fn wasm_tagtype_functype(ty: In<wasm_externtype_t>) -> *const wasm_externtype_t {
    let wasm_externtype_t::Tag(func) = ty.want("tagtype") else { other_kind("tag") };
    &raw const **func
}

#[unsafe(no_mangle)]
extern "C" fn wasm_externtype_kind(ty: In<wasm_externtype_t>) -> wasm_externkind_t {
    ty.want("externtype").kind()
}

/// Declares for a kind of type: copy and delete, its vectors, the conversions from and to
/// `wasm_externtype_t`.
macro_rules! kinds_of_types {
    ($($kind:ident: $copy:ident $delete:ident, $up:ident $up_const:ident $down:ident
       $down_const:ident, $($vector:ident)*;)*) => {$(
        #[unsafe(no_mangle)]
        extern "C" fn $copy(ty: In<wasm_externtype_t>) -> Option<Box<wasm_externtype_t>> {
            Some(Box::new(ty.want("type to copy").clone()))
        }

        #[unsafe(no_mangle)]
        extern "C" fn $delete(_ty: Option<Box<wasm_externtype_t>>) {}

        #[unsafe(no_mangle)]
        extern "C" fn $up(ty: In<wasm_externtype_t>) -> *const wasm_externtype_t {
            ty.pointer()
        }

        #[unsafe(no_mangle)]
        extern "C" fn $up_const(ty: In<wasm_externtype_t>) -> *const wasm_externtype_t {
            ty.pointer()
        }

        #[unsafe(no_mangle)]
        extern "C" fn $down(ty: In<wasm_externtype_t>) -> *const wasm_externtype_t {
            if_kind(&ty, $kind)
        }

        #[unsafe(no_mangle)]
        extern "C" fn $down_const(ty: In<wasm_externtype_t>) -> *const wasm_externtype_t {
            if_kind(&ty, $kind)
        }

        vector_functions! { Option<Box<wasm_externtype_t>>: $($vector)*; }
    )*};
}

/// The pointer, or null if it is null or of another kind.
fn if_kind(ty: &In<wasm_externtype_t>, kind: wasm_externkind_t) -> *const wasm_externtype_t {
    match ty.get() {
        Some(own) if own.kind() == kind => ty.pointer(),
        Some(_) | None => std::ptr::null(),
    }
}

kinds_of_types! {
    WASM_EXTERN_FUNC: wasm_functype_copy wasm_functype_delete,
        wasm_functype_as_externtype wasm_functype_as_externtype_const
        wasm_externtype_as_functype wasm_externtype_as_functype_const,
        wasm_functype_vec_new_empty wasm_functype_vec_new_uninitialized wasm_functype_vec_new
        wasm_functype_vec_copy wasm_functype_vec_delete;
    WASM_EXTERN_GLOBAL: wasm_globaltype_copy wasm_globaltype_delete,
        wasm_globaltype_as_externtype wasm_globaltype_as_externtype_const
        wasm_externtype_as_globaltype wasm_externtype_as_globaltype_const,
        wasm_globaltype_vec_new_empty wasm_globaltype_vec_new_uninitialized wasm_globaltype_vec_new
        wasm_globaltype_vec_copy wasm_globaltype_vec_delete;
    WASM_EXTERN_TABLE: wasm_tabletype_copy wasm_tabletype_delete,
        wasm_tabletype_as_externtype wasm_tabletype_as_externtype_const
        wasm_externtype_as_tabletype wasm_externtype_as_tabletype_const,
        wasm_tabletype_vec_new_empty wasm_tabletype_vec_new_uninitialized wasm_tabletype_vec_new
        wasm_tabletype_vec_copy wasm_tabletype_vec_delete;
    WASM_EXTERN_MEMORY: wasm_memorytype_copy wasm_memorytype_delete,
        wasm_memorytype_as_externtype wasm_memorytype_as_externtype_const
        wasm_externtype_as_memorytype wasm_externtype_as_memorytype_const,
        wasm_memorytype_vec_new_empty wasm_memorytype_vec_new_uninitialized wasm_memorytype_vec_new
        wasm_memorytype_vec_copy wasm_memorytype_vec_delete;
    WASM_EXTERN_TAG: wasm_tagtype_copy wasm_tagtype_delete,
        wasm_tagtype_as_externtype wasm_tagtype_as_externtype_const
        wasm_externtype_as_tagtype wasm_externtype_as_tagtype_const,
        wasm_tagtype_vec_new_empty wasm_tagtype_vec_new_uninitialized wasm_tagtype_vec_new
        wasm_tagtype_vec_copy wasm_tagtype_vec_delete;
}

#[unsafe(no_mangle)]
extern "C" fn wasm_externtype_copy(ty: In<wasm_externtype_t>) -> Option<Box<wasm_externtype_t>> {
    Some(Box::new(ty.want("externtype").clone()))
}

#[unsafe(no_mangle)]
extern "C" fn wasm_externtype_delete(_ty: Option<Box<wasm_externtype_t>>) {}

vector_functions! {
    Option<Box<wasm_externtype_t>>:
        wasm_externtype_vec_new_empty wasm_externtype_vec_new_uninitialized wasm_externtype_vec_new
        wasm_externtype_vec_copy wasm_externtype_vec_delete;
}
