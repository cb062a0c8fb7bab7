//! Function types: lists of value types, some of which name other types (`listed`).

use super::listed::{Draft, Listed};
use super::{Finality, ValType};
use crate::error::Result;
use prova_module::{self as module, TypeDef, TypeId, TypeIdx};
use prova_runtime as rt;
use std::fmt;

/// The type of a function.
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let ty = FuncType::new(&engine, [ValType::I32, ValType::EXTERNREF], [ValType::F64]);
/// assert_eq!((ty.params().len(), ty.results().len()), (2, 1));
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FuncType(pub(super) Listed);

impl FuncType {
    /// The type from `params` to `results`.
    ///
    /// # Panics
    /// If they name more than 2^20 types together.
    pub fn new(
        _engine: &crate::Engine,
        params: impl IntoIterator<Item = ValType>,
        results: impl IntoIterator<Item = ValType>,
    ) -> FuncType {
        FuncType::of(params, results)
    }

    /// The same with or without subtypes, below a supertype.
    ///
    /// # Errors
    /// If the supertype is final, or the parameters and results do not match its.
    ///
    /// # Panics
    /// As [`FuncType::new`].
    pub fn with_finality_and_supertype(
        _engine: &crate::Engine,
        finality: Finality,
        supertype: Option<&FuncType>,
        params: impl IntoIterator<Item = ValType>,
        results: impl IntoIterator<Item = ValType>,
    ) -> Result<FuncType> {
        let mut draft = Draft::default();
        let params: Vec<_> = params.into_iter().map(|ty| draft.val_type(&ty)).collect();
        let results: Vec<_> = results.into_iter().map(|ty| draft.val_type(&ty)).collect();
        let func = module::FuncType::new(params, results);
        let supertype = supertype.map(|ty| {
            draft.supertype(&ty.0, |types, id| {
                let above = types.get(id);
                let fits = |sub: &[_], sup: &[_]| {
                    let mut pairs = sub.iter().zip(sup);
                    sub.len() == sup.len() && pairs.all(|(&a, &b)| types.val_matches(a, b))
                };
                fits(&above.params, &func.params) && fits(&func.results, &above.results)
            })
        });
        let is_final = finality == Finality::Final;
        let def = TypeDef { is_final, supertype: supertype.transpose()?, ..TypeDef::PLAIN };
        Ok(FuncType(draft.finish(func, def)))
    }

    pub(crate) fn of(
        params: impl IntoIterator<Item = ValType>,
        results: impl IntoIterator<Item = ValType>,
    ) -> FuncType {
        let mut draft = Draft::default();
        let params: Vec<_> = params.into_iter().map(|ty| draft.val_type(&ty)).collect();
        let results: Vec<_> = results.into_iter().map(|ty| draft.val_type(&ty)).collect();
        FuncType(draft.finish(module::FuncType::new(params, results), TypeDef::PLAIN))
    }

    /// The types of the parameters.
    pub fn params(&self) -> impl ExactSizeIterator<Item = ValType> + '_ {
        self.raw().params.iter().map(|&ty| self.0.val_type(ty))
    }

    /// The types of the results.
    pub fn results(&self) -> impl ExactSizeIterator<Item = ValType> + '_ {
        self.raw().results.iter().map(|&ty| self.0.val_type(ty))
    }

    /// The type of a parameter.
    pub fn param(&self, index: usize) -> Option<ValType> {
        self.params().nth(index)
    }

    /// The type of a result.
    pub fn result(&self, index: usize) -> Option<ValType> {
        self.results().nth(index)
    }

    /// Whether it may have subtypes.
    pub fn finality(&self) -> Finality {
        self.0.finality()
    }

    /// The type that it is declared to be a subtype of.
    pub fn supertype(&self) -> Option<FuncType> {
        self.0.supertype().map(FuncType)
    }

    /// Whether every function of this type is one of `other`.
    pub fn matches(&self, other: &FuncType) -> bool {
        self.0.matches(&other.0)
    }

    /// The type as the list has it: what it names are indices there.
    pub(crate) fn raw(&self) -> &module::FuncType {
        self.0.raw()
    }

    /// A type of a module.
    pub(crate) fn of_module(module: &module::Module, ty: TypeIdx) -> FuncType {
        FuncType(Listed::of_module(module, ty))
    }

    /// The type of this identity in a store.
    pub(crate) fn of_store(rt: &rt::Store, id: TypeId) -> FuncType {
        FuncType(Listed::of_store(rt, id))
    }

    /// Its identity in a store.
    ///
    /// # Panics
    /// If the store has more than 2^20 types then.
    pub(crate) fn id_in(&self, rt: &mut rt::Store) -> TypeId {
        self.0.id_in(rt)
    }

    /// Whether it names no other type and is alone, final and without supertype.
    pub(crate) fn names_none(&self) -> bool {
        self.0.names_none()
    }

    /// Writes it; a type that it names is written out if `deep`, and `..` otherwise.
    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>, deep: bool) -> fmt::Result {
        write_list(f, self.params(), deep)?;
        f.write_str(" -> ")?;
        write_list(f, self.results(), deep)
    }
}

fn write_list(
    f: &mut fmt::Formatter<'_>,
    types: impl Iterator<Item = ValType>,
    deep: bool,
) -> fmt::Result {
    f.write_str("(")?;
    for (i, ty) in types.enumerate() {
        f.write_str(if i == 0 { "" } else { ", " })?;
        ty.write(f, deep)?;
    }
    f.write_str(")")
}

impl fmt::Display for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, true)
    }
}

impl fmt::Debug for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Engine, HeapType, RefType};

    fn module(text: &str) -> module::Module {
        let bytes = wat::parse_str(text).expect("valid text");
        module::Module::decode(bytes, &Default::default(), &Default::default()).expect("valid")
    }

    #[test]
    fn types_are_equal_by_what_they_say_wherever_they_stand() {
        let one = module(
            "(module (type $i (func (param i32))) (type $takes (func (param (ref null $i)))))",
        );
        let two = module(
            "(module (type $f (func (param f32))) (type $i (func (param i32)))
               (type $other (func (param (ref null $f)))) (type $takes (func (param (ref null $i)))))",
        );
        let engine = Engine::default();
        let i = FuncType::new(&engine, [ValType::I32], []);
        let named = HeapType::ConcreteFunc(i.clone());
        let takes = FuncType::new(&engine, [ValType::Ref(RefType::new(true, named.clone()))], []);
        let strict = FuncType::new(&engine, [ValType::Ref(RefType::new(false, named))], []);
        let of = |module, index| FuncType::of_module(module, TypeIdx(index));
        assert_eq!((of(&one, 0), of(&one, 1)), (i.clone(), takes.clone()));
        assert_eq!((of(&two, 1), of(&two, 3)), (i, takes.clone()));
        for other in [of(&two, 2), strict, FuncType::new(&engine, [ValType::FUNCREF], [])] {
            assert_ne!(other, takes);
        }
        assert_eq!(takes.to_string(), "((ref null (i32) -> ())) -> ()");
        assert_eq!(takes.params().next(), of(&one, 1).params().next());
    }

    #[test]
    fn a_store_gives_back_the_type_that_it_was_given() {
        let engine = Engine::default();
        let mut rt = rt::Store::new(rt::StoreConfig::default());
        let named =
            |ty: &FuncType| ValType::Ref(RefType::new(true, HeapType::ConcreteFunc(ty.clone())));
        let mut ty = FuncType::new(&engine, [ValType::I64], []);
        for _ in 0..50 {
            ty = FuncType::new(&engine, [named(&ty), named(&ty)], [named(&ty)]);
            let id = ty.id_in(&mut rt);
            assert_eq!(FuncType::of_store(&rt, id), ty);
            assert_eq!(ty.id_in(&mut rt), id);
        }
        assert!(ty.to_string().len() < 1_000, "{ty}");
    }
}
