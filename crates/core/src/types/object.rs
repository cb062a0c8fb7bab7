//! The types of structures and arrays, and of their fields and elements (`listed`).
//!
//! Limits: a structure has at most [`FIELDS_MAX`] fields, as in a module.

use super::listed::{Draft, Listed};
use super::{Mutability, ValType};
use crate::error::{OrBug, Result, misuse};
use prova_module::{self as module, Composite, TypeDef, TypeId, TypeRegistry};
use prova_runtime as rt;
use std::fmt;

/// The greatest number of fields of a structure.
const FIELDS_MAX: usize = 10_000;

/// The greatest number of fields that are written out of a type that another one names.
const FIELDS_WRITTEN_MAX: usize = 16;

/// Whether a type may have subtypes.
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// assert!(StructType::new(&engine, [])?.finality().is_final());
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Finality {
    /// It has none.
    Final,
    /// It may have some.
    NonFinal,
}

impl Finality {
    /// Whether it has no subtypes.
    pub fn is_final(&self) -> bool {
        *self == Finality::Final
    }

    /// Whether it may have subtypes.
    pub fn is_non_final(&self) -> bool {
        *self == Finality::NonFinal
    }
}

/// The form of a field or element: a value, or an integer of 8 or 16 bits, which is an `i32`
/// outside.
///
/// ```
/// use prova_core::*;
///
/// assert_eq!(StorageType::I8.unpack(), &ValType::I32);
/// assert!(!StorageType::I8.matches(&StorageType::from(ValType::I32)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum StorageType {
    /// The low 8 bits.
    I8,
    /// The low 16 bits.
    I16,
    /// A value of this type.
    ValType(ValType),
}

impl From<ValType> for StorageType {
    fn from(ty: ValType) -> StorageType {
        StorageType::ValType(ty)
    }
}

impl From<super::RefType> for StorageType {
    fn from(ty: super::RefType) -> StorageType {
        StorageType::ValType(ty.into())
    }
}

impl StorageType {
    /// Whether it has 8 bits.
    pub fn is_i8(&self) -> bool {
        *self == StorageType::I8
    }

    /// Whether it has 16 bits.
    pub fn is_i16(&self) -> bool {
        *self == StorageType::I16
    }

    /// Whether it is a value as it is outside.
    pub fn is_val_type(&self) -> bool {
        self.as_val_type().is_some()
    }

    /// The type of the value, if it is stored as it is outside.
    pub fn as_val_type(&self) -> Option<&ValType> {
        if let StorageType::ValType(ty) = self { Some(ty) } else { None }
    }

    /// The type of the value, which is stored as it is outside.
    ///
    /// # Panics
    /// For 8 or 16 bits.
    pub fn unwrap_val_type(&self) -> &ValType {
        self.as_val_type().unwrap_or_else(|| panic!("expected a type of values, got {self}"))
    }

    /// The type of the value outside.
    pub fn unpack(&self) -> &ValType {
        self.as_val_type().unwrap_or(&ValType::I32)
    }

    /// Whether every value in this form is one in the form `other`.
    pub fn matches(&self, other: &StorageType) -> bool {
        match (self, other) {
            (StorageType::ValType(this), StorageType::ValType(other)) => this.matches(other),
            _ => self == other,
        }
    }
}

impl fmt::Display for StorageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, true)
    }
}

impl StorageType {
    fn write(&self, f: &mut fmt::Formatter<'_>, deep: bool) -> fmt::Result {
        match self {
            StorageType::I8 => f.write_str("i8"),
            StorageType::I16 => f.write_str("i16"),
            StorageType::ValType(ty) => ty.write(f, deep),
        }
    }
}

/// The type of a field of a structure, or of the elements of an array.
///
/// ```
/// use prova_core::*;
///
/// let ty = FieldType::new(Mutability::Var, StorageType::I8);
/// assert_eq!((ty.mutability(), ty.to_string().as_str()), (Mutability::Var, "(mut i8)"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FieldType {
    mutability: Mutability,
    element_type: StorageType,
}

impl FieldType {
    /// A field in this form.
    pub fn new(mutability: Mutability, element_type: StorageType) -> FieldType {
        FieldType { mutability, element_type }
    }

    /// Whether it can be set.
    pub fn mutability(&self) -> Mutability {
        self.mutability
    }

    /// The form of its value.
    pub fn element_type(&self) -> &StorageType {
        &self.element_type
    }

    /// Whether a subtype may have this field where its supertype has `other`: the same, where it
    /// can be set.
    pub fn matches(&self, other: &FieldType) -> bool {
        self == other
            || self.mutability.is_const()
                && other.mutability.is_const()
                && self.element_type.matches(&other.element_type)
    }

    fn of(ty: &module::FieldType, of: &Listed) -> FieldType {
        let element_type = match ty.element_type {
            module::StorageType::I8 => StorageType::I8,
            module::StorageType::I16 => StorageType::I16,
            module::StorageType::Val(ty) => StorageType::ValType(of.val_type(ty)),
        };
        let mutability = if ty.mutable { Mutability::Var } else { Mutability::Const };
        FieldType { mutability, element_type }
    }

    fn in_draft(&self, draft: &mut Draft) -> module::FieldType {
        let element_type = match &self.element_type {
            StorageType::I8 => module::StorageType::I8,
            StorageType::I16 => module::StorageType::I16,
            StorageType::ValType(ty) => module::StorageType::Val(draft.val_type(ty)),
        };
        module::FieldType { element_type, mutable: self.mutability.is_var() }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, deep: bool) -> fmt::Result {
        f.write_str(if self.mutability.is_var() { "(mut " } else { "" })?;
        self.element_type.write(f, deep)?;
        f.write_str(if self.mutability.is_var() { ")" } else { "" })
    }
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, true)
    }
}

/// Whether a field may stand in a subtype where its supertype has another one.
fn field_matches(types: &TypeRegistry, sub: module::FieldType, sup: module::FieldType) -> bool {
    let matches = match (sub.element_type, sup.element_type) {
        (module::StorageType::Val(a), module::StorageType::Val(b)) => types.val_matches(a, b),
        (a, b) => a == b,
    };
    sub == sup || !sub.mutable && !sup.mutable && matches
}

/// A type of the host's: alone in its group, below a supertype.
fn declare(
    mut draft: Draft,
    (finality, supertype): (Finality, Option<&Listed>),
    composite: Composite,
) -> Result<Listed> {
    let fits = |types: &TypeRegistry, above: TypeId| {
        let above = types.def(above).map(|def| &def.composite);
        match (&composite, above) {
            (Composite::Struct(fields), Some(Composite::Struct(above))) => {
                let mut pairs = fields.iter().zip(above);
                fields.len() >= above.len() && pairs.all(|(a, b)| field_matches(types, *a, *b))
            }
            (Composite::Array(element), Some(Composite::Array(above))) => {
                field_matches(types, *element, *above)
            }
            _ => false,
        }
    };
    let supertype = supertype.map(|ty| draft.supertype(ty, fits)).transpose()?;
    let is_final = finality.is_final();
    let none = module::FuncType::new([], []);
    Ok(draft.finish(none, TypeDef { is_final, supertype, composite }))
}

/// The type of a structure.
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let x = FieldType::new(Mutability::Var, ValType::I32.into());
/// let y = FieldType::new(Mutability::Const, StorageType::I8);
/// let open = Finality::NonFinal;
/// let point = StructType::with_finality_and_supertype(&engine, open, None, [x.clone()])?;
/// let colored = [x.clone(), y.clone()];
/// let colored = StructType::with_finality_and_supertype(&engine, open, Some(&point), colored)?;
/// assert!(colored.matches(&point) && !point.matches(&colored));
/// assert_eq!(colored.to_string(), "(struct (field (mut i32)) (field i8))");
/// // A subtype has the fields of its supertype.
/// let wrong = StructType::with_finality_and_supertype(&engine, open, Some(&point), [y]);
/// assert!(wrong.is_err());
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct StructType(pub(super) Listed);

impl StructType {
    /// A structure of these fields, which has no subtypes.
    ///
    /// # Errors
    /// If there are more than 10,000.
    pub fn new(
        engine: &crate::Engine,
        fields: impl IntoIterator<Item = FieldType>,
    ) -> Result<StructType> {
        StructType::with_finality_and_supertype(engine, Finality::Final, None, fields)
    }

    /// The same with or without subtypes, below a supertype.
    ///
    /// # Errors
    /// As [`StructType::new`]; if the supertype is final, or its fields are not the first ones.
    pub fn with_finality_and_supertype(
        _engine: &crate::Engine,
        finality: Finality,
        supertype: Option<&StructType>,
        fields: impl IntoIterator<Item = FieldType>,
    ) -> Result<StructType> {
        let mut draft = Draft::default();
        let fields = fields.into_iter().take(FIELDS_MAX + 1);
        let fields: Box<[_]> = fields.map(|field| field.in_draft(&mut draft)).collect();
        if fields.len() > FIELDS_MAX {
            misuse!("a structure with more than {FIELDS_MAX} fields");
        }
        let above = (finality, supertype.map(|ty| &ty.0));
        declare(draft, above, Composite::Struct(fields)).map(StructType)
    }

    fn raw(&self) -> &[module::FieldType] {
        match &self.0.def().composite {
            Composite::Struct(fields) => fields,
            Composite::Array(_) | Composite::Func => &[],
        }
    }

    /// The type of a field.
    pub fn field(&self, index: usize) -> Option<FieldType> {
        self.raw().get(index).map(|field| FieldType::of(field, &self.0))
    }

    /// The types of all fields.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = FieldType> + '_ {
        self.raw().iter().map(|field| FieldType::of(field, &self.0))
    }
}

/// The type of an array.
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let bytes = ArrayType::new(&engine, FieldType::new(Mutability::Var, StorageType::I8));
/// assert!(bytes.element_type().is_i8() && bytes.mutability().is_var());
/// assert_eq!(bytes.to_string(), "(array (mut i8))");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ArrayType(pub(super) Listed);

impl ArrayType {
    /// An array of such elements, which has no subtypes.
    pub fn new(_engine: &crate::Engine, field_type: FieldType) -> ArrayType {
        let mut draft = Draft::default();
        let element = field_type.in_draft(&mut draft);
        let array = declare(draft, (Finality::Final, None), Composite::Array(element));
        ArrayType(array.ok().or_bug("a type without supertype is one"))
    }

    /// The same with or without subtypes, below a supertype.
    ///
    /// # Errors
    /// If the supertype is final, or has other elements.
    pub fn with_finality_and_supertype(
        _engine: &crate::Engine,
        finality: Finality,
        supertype: Option<&ArrayType>,
        field_type: FieldType,
    ) -> Result<ArrayType> {
        let mut draft = Draft::default();
        let element = field_type.in_draft(&mut draft);
        let above = (finality, supertype.map(|ty| &ty.0));
        declare(draft, above, Composite::Array(element)).map(ArrayType)
    }

    /// The type of the elements.
    pub fn field_type(&self) -> FieldType {
        match &self.0.def().composite {
            Composite::Array(element) => Some(FieldType::of(element, &self.0)),
            Composite::Struct(_) | Composite::Func => None,
        }
        .or_bug("the type of an array is one")
    }

    /// Whether the elements can be set.
    pub fn mutability(&self) -> Mutability {
        self.field_type().mutability
    }

    /// The form of the elements.
    pub fn element_type(&self) -> StorageType {
        self.field_type().element_type
    }
}

/// Declares what structures and arrays have in common.
macro_rules! object_type {
    ($($ty:ident $what:literal;)*) => {$(
        impl $ty {
            /// Whether it may have subtypes.
            pub fn finality(&self) -> Finality {
                self.0.finality()
            }

            /// The type that it is declared to be a subtype of.
            pub fn supertype(&self) -> Option<$ty> {
                self.0.supertype().map($ty)
            }

            #[doc = concat!("Whether every ", $what, " of this type is one of `other`.")]
            pub fn matches(&self, other: &$ty) -> bool {
                self.0.matches(&other.0)
            }

            /// The type of this identity in a store.
            pub(crate) fn of_store(rt: &rt::Store, id: TypeId) -> $ty {
                $ty(Listed::of_store(rt, id))
            }

            /// Its identity in a store.
            pub(crate) fn id_in(&self, rt: &mut rt::Store) -> TypeId {
                self.0.id_in(rt)
            }
        }

        impl fmt::Display for $ty {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.write(f, true)
            }
        }

        impl fmt::Debug for $ty {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )*};
}

object_type! {
    StructType "structure";
    ArrayType "array";
}

impl StructType {
    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>, deep: bool) -> fmt::Result {
        f.write_str("(struct")?;
        for (at, field) in self.fields().enumerate() {
            if !deep && at == FIELDS_WRITTEN_MAX {
                f.write_str(" ..")?;
                break;
            }
            f.write_str(" (field ")?;
            field.write(f, deep)?;
            f.write_str(")")?;
        }
        f.write_str(")")
    }
}

impl ArrayType {
    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>, deep: bool) -> fmt::Result {
        f.write_str("(array ")?;
        self.field_type().write(f, deep)?;
        f.write_str(")")
    }
}
