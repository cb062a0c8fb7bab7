//! `tests/profile/*.wat` → what each exported function does, one line each.
//!
//! A file is a module in the text format. Lines `;;; key number` before it set the stack, the fuel
//! of each call and the limits of the store; lines `;;; > …` at its end are what it prints: of each
//! exported function without parameters, in their order, the results by bits or the trap with its
//! offset, and the fuel used; or why the module is refused.

use super::Way;
use prova_core::{
    Config, Engine, ErrorKind, ExternType, Instance, Module, Store, StoreLimits,
    StoreLimitsBuilder, Trap, Val, WasmBacktrace,
};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// The output of a file of cases in one way.
///
/// # Errors
/// The fault of the file.
pub fn run(file: &str, way: Way) -> Result<String, String> {
    let head = Head::read(file)?;
    let wasm = wat::parse_str(file).map_err(|error| error.to_string())?;
    let engine = engine(&head, way).map_err(|error| error.to_string())?;
    let mut lines = String::new();
    let module = match Module::new(&engine, wasm) {
        Ok(module) => module,
        Err(error) => return Ok(format!("refused: {}\n", one_line(&error))),
    };
    let mut store = Store::new(&engine, head.limits());
    store.limiter(|limits| limits);
    let fuel = |store: &mut Store<StoreLimits>| {
        store.set_fuel(head.fuel).unwrap_or_else(|error| crate::cannot(&error.to_string()));
    };
    fuel(&mut store);
    let instance = match Instance::new(&mut store, &module, &[]) {
        Ok(instance) => instance,
        Err(error) => return Ok(format!("no instance: {}\n", ended(&error))),
    };
    for export in module.exports() {
        let ExternType::Func(ty) = export.ty() else { continue };
        let Some(func) = instance.get_func(&store, export.name()) else { continue };
        if ty.params().len() > 0 {
            continue;
        }
        fuel(&mut store);
        let mut results = vec![Val::I32(0); ty.results().len()];
        let outcome = func.call(&mut store, &[], &mut results);
        let left = store.get_fuel().unwrap_or_default();
        let outcome = match outcome {
            Ok(()) => results.iter().map(bits).collect::<Vec<String>>().join(" "),
            Err(error) => ended(&error),
        };
        let used = head.fuel - left;
        // A string takes everything.
        let _ = writeln!(lines, "{}: {outcome}; fuel {used}", export.name());
    }
    Ok(lines)
}

/// The files of cases in a folder, by name.
///
/// # Errors
/// If it cannot be read.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let unreadable = |error: io::Error| format!("{}: {error}", folder.display());
    let entries = fs::read_dir(folder).map_err(unreadable)?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = paths.collect::<io::Result<Vec<PathBuf>>>().map_err(unreadable)?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "wat"));
    paths.sort();
    Ok(paths)
}

/// Runs a file in every way of this machine: each prints what the file says.
///
/// # Errors
/// The first way that does not, with what it prints.
pub fn check(path: &Path) -> Result<(), String> {
    let file = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let expected = expected(&file);
    for way in Way::all() {
        let printed = run(&file, way)?;
        if printed != expected {
            return Err(format!("{way} prints\n{printed}instead of\n{expected}"));
        }
    }
    Ok(())
}

/// The output that a file expects.
pub fn expected(file: &str) -> String {
    let lines = file.lines().filter_map(|line| line.strip_prefix(";;; > "));
    lines.map(|line| format!("{line}\n")).collect()
}

/// The file with other lines of what it prints.
pub fn blessed(file: &str, printed: &str) -> String {
    let module = file.lines().filter(|line| !line.starts_with(";;; > "));
    let printed = printed.lines().map(|line| format!(";;; > {line}"));
    module.map(str::to_owned).chain(printed).map(|line| line + "\n").collect()
}

/// The settings in front of a module.
struct Head {
    stack: usize,
    fuel: u64,
    memory: Option<usize>,
    table: Option<usize>,
    heap: Option<usize>,
}

impl Head {
    fn read(file: &str) -> Result<Head, String> {
        let mut head =
            Head { stack: 64 << 10, fuel: 1_000_000, memory: None, table: None, heap: None };
        for line in file.lines().filter_map(|line| line.strip_prefix(";;; ")) {
            let words: Vec<&str> = line.split(' ').collect();
            let [key, number] = words[..] else { continue };
            let number: usize = number.parse().map_err(|_| format!("`{line}`: no number"))?;
            match key {
                "stack" => head.stack = number,
                "fuel" => head.fuel = number as u64,
                "memory" => head.memory = Some(number),
                "table" => head.table = Some(number),
                "heap" => head.heap = Some(number),
                _ => return Err(format!("`{line}`: there is no such key")),
            }
        }
        Ok(head)
    }

    fn limits(&self) -> StoreLimits {
        let mut limits = StoreLimitsBuilder::new();
        if let Some(bytes) = self.memory {
            limits = limits.memory_size(bytes);
        }
        if let Some(elements) = self.table {
            limits = limits.table_elements(elements);
        }
        if let Some(bytes) = self.heap {
            limits = limits.gc_heap_size(bytes);
        }
        limits.build()
    }
}

fn engine(head: &Head, way: Way) -> prova_core::Result<Engine> {
    let mut config = Config::new();
    config.deterministic(true).consume_fuel(true).max_wasm_stack(head.stack);
    match way {
        Way::Tier(tier) => drop(config.tier(tier)),
        Way::Native(way) => way.configure(&mut config),
    }
    Engine::new(&config)
}

fn bits(val: &Val) -> String {
    match val {
        Val::I32(value) => value.to_string(),
        Val::I64(value) => value.to_string(),
        Val::F32(bits) => format!("0x{bits:08x}"),
        Val::F64(bits) => format!("0x{bits:016x}"),
        Val::V128(value) => format!("0x{:032x}", value.as_u128()),
        Val::FuncRef(None) | Val::ExternRef(None) | Val::ExnRef(None) | Val::AnyRef(None) => {
            "null".to_owned()
        }
        Val::FuncRef(Some(_))
        | Val::ExternRef(Some(_))
        | Val::ExnRef(Some(_))
        | Val::AnyRef(Some(_)) => "reference".to_owned(),
    }
}

/// A trap with the offset of its operator; anything else in words.
fn ended(error: &prova_core::Error) -> String {
    let Some(trap) = error.downcast_ref::<Trap>() else { return one_line(error) };
    let frames = error.downcast_ref::<WasmBacktrace>().map(|trace| trace.frames());
    let offset = frames.and_then(|frames| frames.first()?.module_offset());
    match offset {
        Some(offset) => format!("{trap} at {offset:#x}"),
        None => trap.to_string(),
    }
}

fn one_line(error: &prova_core::Error) -> String {
    let kind = ErrorKind::of(error).map_or("no kind".to_owned(), |kind| kind.to_string());
    let text = format!("{error:#}");
    format!("{kind}: {}", text.lines().next().unwrap_or_default())
}
