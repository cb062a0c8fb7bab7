//! A module → what a host sees that calls each of its exports.
//!
//! Imported functions answer with zeros; that they were called, and with what, is part of what is
//! seen. Memories, tables and globals are not given: a module that imports one is unlinkable.

use prova_core::{
    Caller, Config, Engine, Error, Extern, Instance, Linker, Module, Store, Trap, Val, ValType,
};

/// The results of calls of all exports.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Seen {
    /// By export and arguments, in order of the module: what came back, and what is exported after.
    Calls(Vec<(String, String)>),
    /// The host has not what the module imports, or instantiation failed.
    Unlinkable(#[allow(dead_code, reason = "shown where a test fails")] String),
}

/// Arguments tried for each parameter.
const ARGUMENTS: [i32; 4] = [0, 1, 2, 1024];
const FUEL: u64 = 200_000;
/// Calls of imports that are kept.
const CALLS_MAX: usize = 1000;

/// Calls of imports, in order.
type Calls = Vec<String>;

/// Calls every exported function on a fresh instance each, with several arguments.
pub(crate) fn observe(wasm: &[u8]) -> Seen {
    let mut config = Config::new();
    config.consume_fuel(true).deterministic(true);
    let engine = Engine::new(&config).expect("an engine");
    let module = match Module::new(&engine, wasm) {
        Ok(module) => module,
        Err(error) => return Seen::Unlinkable(format!("{error:#}")),
    };
    let names: Vec<String> = module.exports().map(|export| export.name().to_owned()).collect();
    let mut calls = Vec::new();
    for name in &names {
        for argument in ARGUMENTS {
            match call(&engine, &module, name, argument) {
                Ok(Some(seen)) => calls.push((format!("{name}({argument})"), seen)),
                Ok(None) => {}
                Err(error) => return Seen::Unlinkable(format!("{error:#}")),
            }
        }
    }
    calls.sort();
    Seen::Calls(calls)
}

/// Imported functions that give zeros and note their calls.
fn linked(engine: &Engine, module: &Module) -> Result<Linker<Calls>, Error> {
    let mut linker = Linker::new(engine);
    for import in module.imports() {
        let Some(ty) = import.ty().func().cloned() else { continue };
        let name = format!("{}.{}", import.module(), import.name());
        let answer = move |mut caller: Caller<'_, Calls>, args: &[Val], results: &mut [Val]| {
            if caller.data().len() < CALLS_MAX {
                let call = format!("{name}{args:?}");
                caller.data_mut().push(call);
            }
            for result in results {
                let ty = result.ty(&caller)?;
                *result = Val::default_for_ty(&ty).unwrap_or(Val::I32(0));
            }
            Ok(())
        };
        linker.func_new(import.module(), import.name(), ty, answer)?;
    }
    Ok(linker)
}

fn call(
    engine: &Engine,
    module: &Module,
    name: &str,
    argument: i32,
) -> Result<Option<String>, Error> {
    let mut store = Store::new(engine, Vec::new());
    store.set_fuel(FUEL)?;
    let linker = linked(engine, module)?;
    let instance = match linker.instantiate(&mut store, module) {
        Ok(instance) => instance,
        Err(error) => match error.downcast_ref::<Trap>() {
            Some(trap) => return Ok(Some(format!("instantiation: {trap}"))),
            None => return Err(error),
        },
    };
    let mut seen = match instance.get_export(&mut store, name) {
        Some(Extern::Func(func)) => {
            let ty = func.ty(&store);
            let args: Vec<Val> = ty.params().filter_map(|ty| value(&ty, argument)).collect();
            if args.len() != ty.params().count() {
                return Ok(None);
            }
            let mut results: Vec<Val> =
                ty.results().filter_map(|ty| Val::default_for_ty(&ty)).collect();
            match func.call(&mut store, &args, &mut results) {
                Ok(()) => format!("{results:?}"),
                Err(error) => match error.downcast_ref::<Trap>() {
                    Some(trap) => trap.to_string(),
                    None => "an exception".to_owned(),
                },
            }
        }
        Some(_) | None => String::new(),
    };
    seen.push_str(&exported(&mut store, &instance, module));
    seen.push_str(&store.data().concat());
    Ok(Some(seen))
}

fn value(ty: &ValType, argument: i32) -> Option<Val> {
    match ty {
        ValType::I32 => Some(Val::I32(argument)),
        ValType::I64 => Some(Val::I64(argument.into())),
        ty => Val::default_for_ty(ty),
    }
}

/// Sizes and scalar values of what is exported, and a digest of exported memories.
fn exported(store: &mut Store<Calls>, instance: &Instance, module: &Module) -> String {
    let mut text = String::new();
    let names: Vec<String> = module.exports().map(|export| export.name().to_owned()).collect();
    for name in names {
        match instance.get_export(&mut *store, &name) {
            Some(Extern::Global(global)) => {
                text.push_str(&format!(" {:?}", scalar(global.get(&mut *store))))
            }
            Some(Extern::Memory(memory)) => {
                let bytes = memory.data(&*store);
                let digest = bytes.iter().fold(bytes.len() as u64, |digest, byte| {
                    (digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
                });
                text.push_str(&format!(" memory {digest:016x}"));
            }
            Some(Extern::Table(table)) => text.push_str(&format!(" table {}", table.size(&*store))),
            Some(_) | None => {}
        }
    }
    text
}

fn scalar(value: Val) -> Option<String> {
    match value {
        Val::I32(_) | Val::I64(_) | Val::F32(_) | Val::F64(_) | Val::V128(_) => {
            Some(format!("{value:?}"))
        }
        Val::FuncRef(_) | Val::ExternRef(_) | Val::ExnRef(_) | Val::AnyRef(_) => None,
    }
}
