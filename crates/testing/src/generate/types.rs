//! The type section of a module in the making: signatures → type indices, each once.
//!
//! `biased` and `body` intern, the encoder writes the section at the end.

use super::operators::Ty;
use wasm_encoder::{
    ArrayType, BlockType, CompositeInnerType, CompositeType, FieldType, StorageType, StructType,
    SubType, TypeSection, ValType,
};

/// The function types of a module, and whether it has types of objects: those stand behind the
/// first type, [`Ty::REF_TYPE`].
#[derive(Clone, Debug, Default)]
pub struct Types {
    funcs: Vec<(Vec<Ty>, Vec<Ty>)>,
    objects: bool,
}

/// A subtype of [`Ty::PAIR`].
pub(super) const TRIPLE: u32 = Ty::PAIR + 1;
/// An array of words.
pub(super) const WORDS: u32 = TRIPLE + 1;
/// An array of references.
pub(super) const REFS: u32 = WORDS + 1;
/// How many types of objects there are.
const OBJECT_TYPES: u32 = 5;

/// The fields of [`Ty::PAIR`], all mutable; the last is packed into a byte.
pub(super) const PAIR_FIELDS: [Ty; 4] = [Ty::I32, Ty::I64, Ty::Any, Ty::I32];
/// The further fields of [`TRIPLE`], the first of them immutable.
pub(super) const TRIPLE_FIELDS: [Ty; 2] = [Ty::F64, Ty::Bytes];

impl Types {
    /// Types of a module with objects.
    pub fn with_objects() -> Types {
        Types { funcs: Vec::new(), objects: true }
    }

    /// The index of a type, new if there was none.
    pub fn index(&mut self, params: &[Ty], results: &[Ty]) -> u32 {
        let found = self.funcs.iter().position(|ty| ty.0 == params && ty.1 == results);
        let index = found.unwrap_or_else(|| {
            self.funcs.push((params.to_vec(), results.to_vec()));
            self.funcs.len() - 1
        });
        match index as u32 {
            Ty::REF_TYPE => Ty::REF_TYPE,
            index if self.objects => index + OBJECT_TYPES,
            index => index,
        }
    }

    /// The block type of these parameters and results.
    pub fn block(&mut self, params: &[Ty], results: &[Ty]) -> BlockType {
        match (params, results) {
            ([], []) => BlockType::Empty,
            ([], [result]) => BlockType::Result(result.encoder()),
            _ => BlockType::FunctionType(self.index(params, results)),
        }
    }

    /// The section.
    pub fn section(&self) -> TypeSection {
        let mut section = TypeSection::new();
        for (index, (params, results)) in self.funcs.iter().enumerate() {
            let encode = |list: &[Ty]| list.iter().map(|ty| ty.encoder()).collect::<Vec<_>>();
            section.ty().function(encode(params), encode(results));
            if index == 0 && self.objects {
                objects().iter().for_each(|ty| section.ty().subtype(ty));
            }
        }
        section
    }
}

/// The types of objects, in order of their indices.
fn objects() -> [SubType; OBJECT_TYPES as usize] {
    let stored = |ty: Ty| StorageType::Val(ty.encoder());
    let field = |element_type| FieldType { element_type, mutable: true };
    let mut fields: Vec<FieldType> = PAIR_FIELDS.iter().map(|ty| field(stored(*ty))).collect();
    if let Some(last) = fields.last_mut() {
        last.element_type = StorageType::I8;
    }
    let ty = |inner, is_final, supertype: Option<u32>| SubType {
        is_final,
        supertype_idxs: supertype.into_iter().collect(),
        composite_type: CompositeType { inner, shared: false, describes: None, descriptor: None },
    };
    let structure = |fields: &[FieldType]| {
        CompositeInnerType::Struct(StructType { fields: fields.to_vec().into() })
    };
    let array = |element| CompositeInnerType::Array(ArrayType(field(element)));
    let pair = ty(structure(&fields), false, None);
    let [immutable, mutable] = TRIPLE_FIELDS.map(stored);
    fields.push(FieldType { element_type: immutable, mutable: false });
    fields.push(field(mutable));
    [
        ty(array(StorageType::I8), true, None),
        pair,
        ty(structure(&fields), true, Some(Ty::PAIR)),
        ty(array(StorageType::Val(ValType::I64)), true, None),
        ty(array(stored(Ty::Any)), true, None),
    ]
}
