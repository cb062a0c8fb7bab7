//! Two builds → for each function of the first its partner in the second, as the caller knows it.
//!
//! Sites of partners are aligned, and events of a function without one are not compared. A wrong
//! partner makes a report clumsy, never false. [`by_name`] needs nothing but names; `prova-diff`
//! compares bodies too, and the command line takes its partners.

use prova_module::{ExternType, FuncIdx, Module};
use std::collections::BTreeMap;

/// For each function of the first module its partner in the second, if it has one.
pub type Partners = fn(&Module, &Module) -> Vec<Option<u32>>;

/// Partners are the functions that alone on their side have one name: their own or their export's,
/// or module and field of an import. Without a name a function's partner is the one of its index,
/// if that has none either.
pub fn by_name(a: &Module, b: &Module) -> Vec<Option<u32>> {
    let (of_a, of_b) = (names(a), names(b));
    let unique = (once(&of_a), once(&of_b));
    let partner = |(index, name): (usize, &Option<String>)| match name {
        Some(name) => {
            unique.0.get(name.as_str())?.and(unique.1.get(name.as_str()).copied().flatten())
        }
        None => of_b.get(index)?.is_none().then_some(index as u32),
    };
    of_a.iter().enumerate().map(partner).collect()
}

/// The name of each function.
fn names(module: &Module) -> Vec<Option<String>> {
    let imports = module.imports().iter();
    let imports = imports.filter(|import| matches!(import.kind, ExternType::Func(_)));
    let imported = imports.map(|import| Some(format!("{} {}", import.module, import.name)));
    let own = |func: FuncIdx| module.func_name_or_export(func).map(str::to_owned);
    imported.chain(module.defined_funcs().map(own)).collect()
}

/// Name → the function that has it; none for a name that several have.
fn once(names: &[Option<String>]) -> BTreeMap<&str, Option<u32>> {
    let mut once = BTreeMap::new();
    for (name, index) in names.iter().zip(0..) {
        let Some(name) = name else { continue };
        once.entry(name.as_str()).and_modify(|known| *known = None).or_insert(Some(index));
    }
    once
}

#[cfg(test)]
mod tests {
    use super::*;
    use prova_module::{Features, Limits};

    #[test]
    fn only_names_that_are_there_once_make_partners() {
        let module = |text: &str| {
            let bytes = wat::parse_str(text).expect("the module is well-formed");
            Module::decode(bytes, &Features::default(), &Limits::default()).expect("it is valid")
        };
        let a = module(
            r#"(module (import "m" "f" (func)) (func $x) (func (export "y")) (func) (func $z))"#,
        );
        let b = module(
            r#"(module (import "m" "f" (func)) (func (export "y")) (func $x) (func) (func $w))"#,
        );
        assert_eq!(by_name(&a, &b), [Some(0), Some(2), Some(1), Some(3), None]);
        let twice =
            module(r#"(module (func $p (@name "x")) (func $q (@name "x")) (func (export "y")))"#);
        assert_eq!(by_name(&a, &twice), [None, None, Some(2), None, None]);
        assert_eq!(by_name(&twice, &a), [None, None, Some(2)]);
    }
}
