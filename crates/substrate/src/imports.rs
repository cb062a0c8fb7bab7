//! The imports of a module → definitions for all of them, or the list of those that are missing.
//!
//! A tool that looks at a runtime wants to know at once that this host cannot serve it. A validator
//! of parachains instantiates such a module, and it traps when it calls a missing function
//! (`allow_missing_func_imports`). So the embedder chooses: [`MissingImports`].
//!
//! # Invariants
//! * R3. A function that this host has is imported with its own type, or the module is refused.

use crate::error::{Rule, SubstrateError, broken};
use crate::functions;
use crate::host::Host;
use crate::memory;
use prova_core::{ExternType, FuncType, Linker, Module, Result, Trap, ValType};
use std::collections::BTreeMap;

/// The treatment of a module that imports functions which this host does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MissingImports {
    /// It is refused.
    #[default]
    Refuse,
    /// It runs, and a call of such a function ends the call of the runtime.
    Trap,
}

/// Defines the host functions, and what is missing as `missing` says.
///
/// # Errors
/// [`Rule::MissingImports`], [`Rule::ImportType`].
pub(crate) fn define(
    module: &Module,
    linker: &mut Linker<Host>,
    missing: MissingImports,
) -> Result<()> {
    functions::define(linker)?;
    let mut unknown: BTreeMap<(&str, &str), FuncType> = BTreeMap::new();
    for import in module.imports() {
        let ty = match import.ty() {
            ExternType::Func(ty) => ty,
            // `memory::import` has looked at it.
            ExternType::Memory(_) => continue,
            _ => {
                let name = format!("{}::{}", import.module(), import.name());
                return Err(broken("runtime", Rule::MissingImports(vec![name])));
            }
        };
        let place = (import.module(), import.name());
        if place == memory::IMPORT {
            let why = "it imports `env::memory`, the name of the memory, as a function";
            return Err(broken("runtime", Rule::Memory(why.to_owned())));
        }
        let known =
            functions::type_of(linker.engine(), place).or_else(|| unknown.get(&place).cloned());
        match known {
            Some(known) if letters(&known) == letters(&ty) => {}
            Some(_) => return Err(broken(place.1.to_owned(), Rule::ImportType(shown(&ty)))),
            None => drop(unknown.insert(place, ty)),
        }
    }
    if missing == MissingImports::Refuse && !unknown.is_empty() {
        let names = unknown.keys().map(|(module, name)| format!("{module}::{name}"));
        return Err(broken("runtime", Rule::MissingImports(names.collect())));
    }
    for ((module, name), ty) in unknown {
        let at = format!("{module}::{name}");
        linker.func_new(module, name, ty, move |_, _, _| {
            let error = SubstrateError::new(at.clone(), Rule::MissingImports(Vec::new()));
            Err(prova_core::Error::new(Trap::Aborted).context(error))
        })?;
    }
    Ok(())
}

/// Parameters and results, in a form that can be compared.
fn letters(ty: &FuncType) -> (Vec<String>, Vec<String>) {
    let list = |ty: ValType| ty.to_string();
    (ty.params().map(list).collect(), ty.results().map(list).collect())
}

fn shown(ty: &FuncType) -> String {
    let (params, results) = letters(ty);
    format!("({}) -> ({})", params.join(", "), results.join(", "))
}
