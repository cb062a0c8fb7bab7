//! The types of references, and of what they refer to.
//!
//! ```text
//! any ── eq ── i31                    func ── functions of one type ── nofunc
//!         ├─── struct ── structures of one type ┐    extern ── noextern
//!         └─── array ─── arrays of one type ────┴─ none    exn ── noexn
//! ```

use super::listed::{List, Listed};
use super::{ArrayType, FuncType, StructType, ValType};
use crate::error::OrBug;
use prova_module::{self as module, AbstractHeapType, Composite};
use prova_runtime as rt;
use std::fmt;

/// The type of a reference.
///
/// ```
/// use prova_core::*;
///
/// let func = RefType::new(false, HeapType::Func);
/// assert!(func.matches(&RefType::FUNCREF) && !RefType::FUNCREF.matches(&func));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RefType {
    nullable: bool,
    heap_type: HeapType,
}

/// The referents of a reference.
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let ty = HeapType::ConcreteFunc(FuncType::new(&engine, [ValType::I32], []));
/// assert!(ty.matches(&HeapType::Func) && !HeapType::Func.matches(&ty));
/// assert!(HeapType::I31.matches(&HeapType::Eq) && !HeapType::I31.matches(&HeapType::Struct));
/// assert_eq!((HeapType::None.top(), HeapType::Array.bottom()), (HeapType::Any, HeapType::None));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HeapType {
    /// A function of any type.
    Func,
    /// A function of this type.
    ConcreteFunc(FuncType),
    /// Nothing, among functions.
    NoFunc,
    /// A value of the host.
    Extern,
    /// Nothing, among values of the host.
    NoExtern,
    /// An exception.
    Exn,
    /// Nothing, among exceptions.
    NoExn,
    /// A structure, an array or a small integer, or a value of the host that
    /// `any.convert_extern` gave.
    Any,
    /// A structure, an array or a small integer: what `ref.eq` compares.
    Eq,
    /// A small integer.
    I31,
    /// A structure of any type.
    Struct,
    /// A structure of this type.
    ConcreteStruct(StructType),
    /// An array of any type.
    Array,
    /// An array of this type.
    ConcreteArray(ArrayType),
    /// Nothing, among structures, arrays and small integers.
    None,
}

/// Declares `From` for a type that a heap type names, and what asks for it.
macro_rules! named {
    ($($ty:ident $variant:ident $is:ident $as:ident $unwrap:ident;)*) => {
        $(impl From<$ty> for HeapType {
            fn from(ty: $ty) -> HeapType {
                HeapType::$variant(ty)
            }
        })*

        impl HeapType {
            $(
                #[doc = concat!("Whether it is `", stringify!($variant), "`.")]
                pub fn $is(&self) -> bool {
                    self.$as().is_some()
                }

                #[doc = concat!("The type, if it is `", stringify!($variant), "`.")]
                pub fn $as(&self) -> Option<&$ty> {
                    if let HeapType::$variant(ty) = self { Some(ty) } else { None }
                }

                #[doc = concat!("The type of `", stringify!($variant), "`.")]
                ///
                /// # Panics
                /// For another type.
                pub fn $unwrap(&self) -> &$ty {
                    let ty = self.$as();
                    ty.unwrap_or_else(|| panic!("expected another type, got {self}"))
                }
            )*
        }
    };
}

named! {
    FuncType ConcreteFunc is_concrete_func as_concrete_func unwrap_concrete_func;
    StructType ConcreteStruct is_concrete_struct as_concrete_struct unwrap_concrete_struct;
    ArrayType ConcreteArray is_concrete_array as_concrete_array unwrap_concrete_array;
}

impl HeapType {
    /// Whether it names a type.
    pub fn is_concrete(&self) -> bool {
        self.is_concrete_func() || self.is_concrete_struct() || self.is_concrete_array()
    }

    /// Whether it names none.
    pub fn is_abstract(&self) -> bool {
        !self.is_concrete()
    }

    /// The greatest type that this one matches.
    pub fn top(&self) -> HeapType {
        match self {
            HeapType::Func | HeapType::ConcreteFunc(_) | HeapType::NoFunc => HeapType::Func,
            HeapType::Extern | HeapType::NoExtern => HeapType::Extern,
            HeapType::Exn | HeapType::NoExn => HeapType::Exn,
            HeapType::Any
            | HeapType::Eq
            | HeapType::I31
            | HeapType::Struct
            | HeapType::ConcreteStruct(_)
            | HeapType::Array
            | HeapType::ConcreteArray(_)
            | HeapType::None => HeapType::Any,
        }
    }

    /// The type that matches all below the same top, and that nothing is of.
    pub fn bottom(&self) -> HeapType {
        match self.top() {
            HeapType::Func => HeapType::NoFunc,
            HeapType::Extern => HeapType::NoExtern,
            HeapType::Exn => HeapType::NoExn,
            _ => HeapType::None,
        }
    }

    /// Whether everything that this refers to is something that `other` refers to.
    pub fn matches(&self, other: &HeapType) -> bool {
        use HeapType as H;
        match (self, other) {
            (H::ConcreteFunc(a), H::ConcreteFunc(b)) => a.matches(b),
            (H::ConcreteStruct(a), H::ConcreteStruct(b)) => a.matches(b),
            (H::ConcreteArray(a), H::ConcreteArray(b)) => a.matches(b),
            (H::ConcreteStruct(_), H::Struct | H::Eq | H::Any) => true,
            (H::ConcreteArray(_), H::Array | H::Eq | H::Any) => true,
            (H::I31 | H::Struct | H::Array, H::Eq | H::Any) | (H::Eq, H::Any) => true,
            (H::ConcreteFunc(_), H::Func) => true,
            (H::None | H::NoFunc | H::NoExtern | H::NoExn, _) => self.top() == other.top(),
            _ => self == other,
        }
    }

    /// A type that a list has.
    fn of_listed(ty: Listed) -> HeapType {
        match ty.def().composite {
            Composite::Func => HeapType::ConcreteFunc(FuncType(ty)),
            Composite::Struct(_) => HeapType::ConcreteStruct(StructType(ty)),
            Composite::Array(_) => HeapType::ConcreteArray(ArrayType(ty)),
        }
    }

    fn of_abstract(ty: AbstractHeapType) -> HeapType {
        match ty {
            // No valid module has continuations.
            AbstractHeapType::Func | AbstractHeapType::Cont => HeapType::Func,
            AbstractHeapType::NoFunc | AbstractHeapType::NoCont => HeapType::NoFunc,
            AbstractHeapType::Extern => HeapType::Extern,
            AbstractHeapType::NoExtern => HeapType::NoExtern,
            AbstractHeapType::Exn => HeapType::Exn,
            AbstractHeapType::NoExn => HeapType::NoExn,
            AbstractHeapType::Any => HeapType::Any,
            AbstractHeapType::Eq => HeapType::Eq,
            AbstractHeapType::I31 => HeapType::I31,
            AbstractHeapType::Struct => HeapType::Struct,
            AbstractHeapType::Array => HeapType::Array,
            AbstractHeapType::None => HeapType::None,
        }
    }

    /// The type that it names, or the abstract one with its name in the text format.
    fn parts(&self) -> Result<(AbstractHeapType, &'static str), &Listed> {
        Ok(match self {
            HeapType::ConcreteFunc(FuncType(ty))
            | HeapType::ConcreteStruct(StructType(ty))
            | HeapType::ConcreteArray(ArrayType(ty)) => return Err(ty),
            HeapType::Func => (AbstractHeapType::Func, "func"),
            HeapType::NoFunc => (AbstractHeapType::NoFunc, "nofunc"),
            HeapType::Extern => (AbstractHeapType::Extern, "extern"),
            HeapType::NoExtern => (AbstractHeapType::NoExtern, "noextern"),
            HeapType::Exn => (AbstractHeapType::Exn, "exn"),
            HeapType::NoExn => (AbstractHeapType::NoExn, "noexn"),
            HeapType::Any => (AbstractHeapType::Any, "any"),
            HeapType::Eq => (AbstractHeapType::Eq, "eq"),
            HeapType::I31 => (AbstractHeapType::I31, "i31"),
            HeapType::Struct => (AbstractHeapType::Struct, "struct"),
            HeapType::Array => (AbstractHeapType::Array, "array"),
            HeapType::None => (AbstractHeapType::None, "none"),
        })
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, deep: bool) -> fmt::Result {
        match self {
            HeapType::ConcreteFunc(ty) if deep => ty.write(f, false),
            HeapType::ConcreteStruct(ty) if deep => ty.write(f, false),
            HeapType::ConcreteArray(ty) if deep => ty.write(f, false),
            _ => f.write_str(self.parts().map_or("..", |(_, name)| name)),
        }
    }
}

impl fmt::Display for HeapType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, true)
    }
}

/// Declares nullable references to abstract types.
macro_rules! abstract_types {
    ($($name:ident $variant:ident $what:literal;)*) => {
        $(
            #[doc = concat!("Nullable reference to ", $what, ".")]
            pub const $name: RefType = RefType { nullable: true, heap_type: HeapType::$variant };
        )*
    };
}

impl RefType {
    abstract_types! {
        FUNCREF Func "a function";
        EXTERNREF Extern "a value of the host";
        EXNREF Exn "an exception";
        ANYREF Any "a structure, an array or a small integer";
        EQREF Eq "what `ref.eq` compares";
        I31REF I31 "a small integer";
        STRUCTREF Struct "a structure";
        ARRAYREF Array "an array";
        NULLREF None "nothing, in the hierarchy of `anyref`";
        NULLEXTERNREF NoExtern "nothing, in the hierarchy of `externref`";
        NULLFUNCREF NoFunc "nothing, in the hierarchy of `funcref`";
    }

    /// A reference type.
    pub const fn new(nullable: bool, heap_type: HeapType) -> RefType {
        RefType { nullable, heap_type }
    }

    /// Whether it may be null.
    pub fn is_nullable(&self) -> bool {
        self.nullable
    }

    /// The type of its referents.
    pub fn heap_type(&self) -> &HeapType {
        &self.heap_type
    }

    /// Whether every reference of this type is one of `other`.
    pub fn matches(&self, other: &RefType) -> bool {
        (other.nullable || !self.nullable) && self.heap_type.matches(&other.heap_type)
    }

    /// A type that names others by their place in a list.
    pub(super) fn of_list(ty: module::RefType, list: &List) -> RefType {
        RefType::of(ty, |index| Listed::of_list(list, index))
    }

    /// A resolved type of a store.
    pub(crate) fn of_store(ty: module::RefType, rt: &rt::Store) -> RefType {
        RefType::of(ty, |index| Listed::of_store(rt, module::TypeId(index)))
    }

    fn of(ty: module::RefType, named: impl Fn(u32) -> Listed) -> RefType {
        let heap_type = match (module::type_of_ref(ty), ty.heap_type()) {
            (Some(module::TypeId(index)), _) => HeapType::of_listed(named(index)),
            (None, module::HeapType::Abstract { ty, .. }) => HeapType::of_abstract(ty),
            // No type that was read is any other.
            (None, module::HeapType::Concrete(_) | module::HeapType::Exact(_)) => HeapType::None,
        };
        RefType { nullable: ty.is_nullable(), heap_type }
    }

    /// The resolved type; `named` gives the identity of a type.
    pub(super) fn resolved(
        &self,
        named: &mut impl FnMut(&Listed) -> module::TypeId,
    ) -> module::RefType {
        let ty = match self.heap_type.parts() {
            Err(ty) => module::marked_ref_to_type(self.nullable, named(ty), ty.def().is_func()),
            Ok((ty, _)) => {
                let ty = module::HeapType::Abstract { shared: false, ty };
                module::RefType::new(self.nullable, ty)
            }
        };
        ty.or_bug("a list has at most 2^20 types")
    }

    pub(crate) fn resolved_in(&self, rt: &mut rt::Store) -> module::RefType {
        self.resolved(&mut |ty| ty.id_in(rt))
    }

    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>, deep: bool) -> fmt::Result {
        let short = match &self.heap_type {
            HeapType::None => Some("null"),
            HeapType::NoFunc => Some("nullfunc"),
            HeapType::NoExtern => Some("nullextern"),
            HeapType::NoExn => Some("nullexn"),
            other => other.parts().ok().map(|(_, name)| name),
        };
        if let (Some(name), true) = (short, self.nullable) {
            return write!(f, "{name}ref");
        }
        f.write_str(if self.nullable { "(ref null " } else { "(ref " })?;
        self.heap_type.write(f, deep)?;
        f.write_str(")")
    }
}

impl fmt::Display for RefType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, true)
    }
}

impl From<RefType> for ValType {
    fn from(ty: RefType) -> ValType {
        ValType::Ref(ty)
    }
}
