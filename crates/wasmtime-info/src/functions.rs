//! The symbols of the file → the table by which Wasmtime finds code.
//!
//! Wasmtime never reads symbols, but the code that was checked is the code that they name. So the
//! table is built of them, and compared with the one in the file:
//!
//! - T1. Each piece of code that the module needs has one symbol: functions, trampolines into
//!   functions that escape, out of each type, and the start function's two. So has each caller of a
//!   builtin that there is.
//! - T2. No other symbol names code.
//! - T3. Pieces lie in the order of their keys, as Wasmtime's search for the function at an address
//!   needs it.

use crate::error::Error;
use crate::translation::Translated;
use prova_wasmtime_layout::{Artifact, Symbol, SymbolKind};
use std::collections::{BTreeMap, BTreeSet};
use wasmtime_environ::{
    Abi, BuiltinFunctionIndex, CompiledFunctionsTable, CompiledFunctionsTableBuilder,
    DefinedFuncIndex, EntityRef, FilePos, FuncKey, FunctionLoc, StaticModuleIndex,
};

/// Where symbols are.
pub(crate) const SECTION: &str = ".symtab";

/// The table.
pub(crate) fn table(
    artifact: &Artifact<'_>,
    translated: &Translated<'_>,
) -> Result<CompiledFunctionsTable, Error> {
    let wrong = |what: String| Error::new(SECTION, what);
    let mut symbols: BTreeMap<FuncKey, &Symbol> = BTreeMap::new();
    let known = Known::of(translated);
    for symbol in &artifact.symbols {
        let name = || symbol.name.escape_debug().to_string();
        // T2.
        let key = known.key(symbol).ok_or_else(|| wrong(format!("{} names no code", name())))?;
        if symbols.insert(key, symbol).is_some() {
            return Err(wrong(format!("{} is there twice", name())));
        }
    }
    if symbols.is_empty() && known.needed().next().is_some() {
        return Err(wrong("it names no code at all: symbols were left out".to_owned()));
    }
    // T1.
    if let Some(key) = known.needed().find(|key| !symbols.contains_key(key)) {
        return Err(wrong(format!("no code for {key:?}")));
    }
    let (mut builder, mut end) = (CompiledFunctionsTableBuilder::new(), 0_u32);
    for (key, symbol) in symbols {
        // T3.
        let behind = symbol.start.checked_add(symbol.len).filter(|_| symbol.start >= end);
        let Some(behind) = behind else {
            return Err(wrong(format!("{key:?} lies before what it should follow")));
        };
        end = behind;
        let at = match key {
            FuncKey::DefinedWasmFunction(_, func) => {
                translated.bodies.get(func.index()).copied().unwrap_or(FilePos::none())
            }
            _ => FilePos::none(),
        };
        let location = FunctionLoc { start: symbol.start, length: symbol.len };
        builder.push_func(key, location, at);
    }
    Ok(builder.finish())
}

/// The keys that a module's code has.
struct Known {
    imported: usize,
    defined: usize,
    /// By name, all but functions; whether the module needs it.
    others: BTreeMap<String, (FuncKey, bool)>,
}

/// The only module of the file.
fn only() -> StaticModuleIndex {
    StaticModuleIndex::from_u32(0)
}

impl Known {
    fn of(translated: &Translated<'_>) -> Known {
        let module = &translated.translation.module;
        let (imported, defined) = (module.num_imported_funcs, translated.bodies.len());
        let mut others = BTreeMap::new();
        for func in (0..defined).map(DefinedFuncIndex::new) {
            let index = module.func_index(func);
            if module.functions.get(index).is_some_and(|func| func.is_escaping()) {
                let name = format!("wasm[0]::array_to_wasm_trampoline[{}]", index.as_u32());
                others.insert(name, (FuncKey::ArrayToWasmTrampoline(only(), func), true));
            }
        }
        if !module.startup.is_none() {
            for abi in [Abi::Wasm, Abi::Array] {
                let name = format!("module_start[0]::{abi:?}");
                others.insert(name, (FuncKey::ModuleStartup(abi, only()), true));
            }
        }
        let types: BTreeSet<_> = translated.types.trampoline_types().map(|(_, ty)| ty).collect();
        for ty in types {
            let name = format!("signatures[{}]::wasm_to_array_trampoline", ty.as_u32());
            others.insert(name, (FuncKey::WasmToArrayTrampoline(ty), true));
        }
        for builtin in (0..BuiltinFunctionIndex::len()).map(BuiltinFunctionIndex::from_u32) {
            let name = format!("wasmtime_builtin_{}", builtin.name());
            others.insert(name, (FuncKey::WasmToBuiltinTrampoline(builtin), false));
        }
        Known { imported, defined, others }
    }

    fn key(&self, symbol: &Symbol) -> Option<FuncKey> {
        let SymbolKind::Func(func) = symbol.kind else {
            return self.others.get(&symbol.name).map(|(key, _)| *key);
        };
        let func =
            (func as usize).checked_sub(self.imported).filter(|func| *func < self.defined)?;
        Some(FuncKey::DefinedWasmFunction(only(), DefinedFuncIndex::new(func)))
    }

    fn needed(&self) -> impl Iterator<Item = FuncKey> {
        let functions = (0..self.defined).map(DefinedFuncIndex::new);
        let functions = functions.map(|func| FuncKey::DefinedWasmFunction(only(), func));
        functions.chain(self.others.values().filter(|(_, needed)| *needed).map(|(key, _)| *key))
    }
}
