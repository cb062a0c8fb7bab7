//! Generated functions as machine code → lines that another engine can be held against.
//!
//! ```text
//! Case ─ native::sides ─► records, the same in the reference tier ─┐
//!   └─ driver (a module that calls the case's exports) ────────────┴─► lines ─► answers_of_wasmtime.py
//! ```
//!
//! `judge` asks the program `wasmtime`, by scripts, of the reference tier alone;
//! `benches/answers_of_wasmtime.py` reads these lines and asks the library.
//!
//! The *driver* is a module that imports the case's functions and globals from `case`, and whose
//! exports `c0`, `c1`, … make one call each, with its arguments as constants, and leave the results
//! as they are in its memory; `globals` leaves the globals of numbers there. So all values pass as
//! bits, vectors and NaNs too. A reference counts as null or not.
//!
//! Lines, with words between tabs; bytes are hexadecimal:
//!
//! ```text
//! host MODULE                   once: the module of the imports of biased cases
//! case N MODULE DRIVER
//! differs N MODULE WORDS        machine code and the reference tier differ, so nothing is to be judged
//! start MESSAGE                 the case's instantiation traps, with that; nothing follows
//! call K returned BYTES         or: call K trapped MESSAGE, call K thrown
//! globals BYTES                 at the end, and
//! memory EXPORT BYTES SHA-256   for each memory that is exported
//! end N
//! ```
//!
//! Not compared are calls behind one that runs out of fuel or of the stack, where engines have
//! nothing in common, and with them the state at the end; tables; references other than null; which
//! exception leaves a call; the place of a trap; the kind of a trap at an address beyond all
//! numbers.

use crate::agree::native;
use crate::campaign::Tally as _;
use crate::generate::biased;
use crate::generate::{Case, Generator};
use crate::sides::host::{HOST_MODULE, Host};
use crate::sides::native::Tally;
use crate::sides::run::{Failure, Outcome, Record, State};
use prova_module::{GlobalType, Module, ValType};
use prova_runtime::{Cell, TrapKind};
use sha2::{Digest, Sha256};
use wasm_encoder as enc;
use wasm_encoder::Instruction as I;

/// Writes the lines of these cases of a generator; returns the outcomes for their functions as
/// machine code.
///
/// # Errors
/// If a line cannot be written.
pub fn write(
    generator: Generator,
    seed: u64,
    cases: std::ops::Range<u64>,
    funcs: usize,
    line: &mut dyn FnMut(&str) -> Result<(), String>,
) -> Result<Tally, String> {
    let host = wat::parse_str(HOST_MODULE).map_err(|error| error.to_string())?;
    line(&format!("host\t{}\t{}", biased::HOST, crate::hex(&host)))?;
    let mut tally = Tally::default();
    for index in cases {
        let case = generator.alone(seed, index, funcs);
        let wasm = crate::hex(&case.wasm);
        let (lines, one) = match lines(case, index) {
            Ok(Some(found)) => found,
            Ok(None) => continue,
            Err(what) => {
                // A difference may be a backtrace long.
                let what: String = what.chars().take(300).collect();
                line(&format!("differs\t{index}\t{wasm}\t{what}"))?;
                continue;
            }
        };
        tally.add(one);
        for text in lines {
            line(&text)?;
        }
    }
    Ok(tally)
}

/// The lines of a case; none if it is no module of ours, or is not instantiated.
fn lines(mut case: Case, index: u64) -> Result<Option<(Vec<String>, Tally)>, String> {
    let Some(module) = case.module() else { return Ok(None) };
    case.calls.retain(|call| {
        let func = module.export(&call.export).and_then(|export| export.func());
        func.is_some_and(|func| module.func_type(func).params.iter().all(takes_constants))
    });
    let sides = native::sides(&case, index, (Host::Instance, None), &|| native::compiler(index))?;
    let Some((record, tally)) = sides else { return Ok(None) };
    let driver = driver(&module, &case)?;
    let mut lines =
        vec![format!("case\t{index}\t{}\t{}", crate::hex(&case.wasm), crate::hex(&driver))];
    let whole = match &record.instantiation {
        None => calls(&module, &case, &record, &mut lines),
        Some(Failure::Trap(outcome)) => {
            let Some(text) = trapped(outcome) else { return Ok(None) };
            lines.push(format!("start\t{text}"));
            false
        }
        Some(Failure::Other(_)) => return Ok(None),
    };
    if whole {
        state(&module, &record, &mut lines);
    }
    lines.push(format!("end\t{index}"));
    Ok(Some((lines, tally)))
}

/// Whether a parameter can be given as a constant.
fn takes_constants(ty: &ValType) -> bool {
    match ty {
        ValType::Ref(ty) => ty.is_nullable(),
        ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 | ValType::V128 => true,
    }
}

/// How calls ended; whether all of them are comparable.
fn calls(module: &Module, case: &Case, record: &Record, lines: &mut Vec<String>) -> bool {
    for (k, (call, (outcome, _))) in case.calls.iter().zip(&record.calls).enumerate() {
        let func = module.export(&call.export).and_then(|export| export.func());
        let Some(ty) = func.map(|func| module.func_type(func)) else { return false };
        let end = match outcome {
            Outcome::Results(cells) => {
                format!("returned\t{}", crate::hex(&stored(&ty.results, cells)))
            }
            Outcome::Trap { kind: TrapKind::UncaughtException, .. } => "thrown\t".to_owned(),
            // The state is that before the call.
            Outcome::Skipped => return true,
            outcome => match trapped(outcome) {
                Some(text) => format!("trapped\t{text}"),
                None => return false,
            },
        };
        lines.push(format!("call\t{k}\t{end}"));
    }
    true
}

/// The kind of a trap, as text; none for those that engines do not have in common.
fn trapped(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Trap { kind: TrapKind::OutOfFuel | TrapKind::StackOverflow, .. } => None,
        Outcome::Trap { fault: Some(fault), .. } if fault.address == u64::MAX => {
            Some(String::new())
        }
        Outcome::Trap { kind, .. } => Some(kind.to_string()),
        Outcome::Results(_) | Outcome::Fault(_) | Outcome::Skipped => None,
    }
}

fn state(module: &Module, record: &Record, lines: &mut Vec<String>) {
    let globals = record.state.iter().filter_map(|state| match state {
        State::Global(cells) => Some(cells),
        State::Memory(_) | State::Table(_) => None,
    });
    let globals: Vec<&[Cell; 2]> = globals.collect();
    let mut bytes = Vec::new();
    for (_, index, ty) in exported_numbers(module) {
        if let Some(cells) = globals.get(index as usize) {
            bytes.extend(stored(&[ty.val], &cells[..]));
        }
    }
    lines.push(format!("globals\t{}", crate::hex(&bytes)));
    let memories = record.state.iter().filter_map(|state| match state {
        State::Memory(bytes) => Some(bytes),
        State::Global(_) | State::Table(_) => None,
    });
    let memories: Vec<&Vec<u8>> = memories.collect();
    for export in module.exports() {
        let Some(bytes) = export.memory().and_then(|memory| memories.get(memory.0 as usize)) else {
            continue;
        };
        let digest = crate::hex(&Sha256::digest(bytes));
        lines.push(format!(
            "memory\t{}\t{}\t{digest}",
            crate::hex(export.name.as_bytes()),
            bytes.len()
        ));
    }
}

/// The exported globals of numbers: name, index, type.
fn exported_numbers(module: &Module) -> Vec<(&str, u32, GlobalType)> {
    let globals = module.exports().iter().filter_map(|export| {
        let index = export.global()?;
        let ty = *module.global(index)?;
        (!matches!(ty.val, ValType::Ref(_))).then_some((&*export.name, index.0, ty))
    });
    globals.collect()
}

/// Bytes of a value as the driver stores it.
const fn bytes_of(ty: ValType) -> u64 {
    match ty {
        ValType::I32 | ValType::F32 | ValType::Ref(_) => 4,
        ValType::I64 | ValType::F64 => 8,
        ValType::V128 => 16,
    }
}

/// Values as the driver stores them.
fn stored(types: &[ValType], cells: &[Cell]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut at = 0;
    for &ty in types {
        let cell = |n: usize| cells.get(at + n).copied().unwrap_or_default();
        match ty {
            ValType::I32 | ValType::F32 => bytes.extend((cell(0) as u32).to_le_bytes()),
            ValType::Ref(_) => bytes.extend(u32::from(cell(0) == 0).to_le_bytes()),
            ValType::I64 | ValType::F64 => bytes.extend(cell(0).to_le_bytes()),
            ValType::V128 => bytes.extend([cell(0), cell(1)].map(u64::to_le_bytes).concat()),
        }
        at += if ty == ValType::V128 { 2 } else { 1 };
    }
    bytes
}

/// Locals of the driver's functions, one of each type of numbers.
const SCRATCH: [enc::ValType; 5] = [
    enc::ValType::I32,
    enc::ValType::I64,
    enc::ValType::F32,
    enc::ValType::F64,
    enc::ValType::V128,
];

/// The driver of a case.
fn driver(module: &Module, case: &Case) -> Result<Vec<u8>, String> {
    let (types, unit) = types(module)?;
    let mut imports = enc::ImportSection::new();
    let mut imported: Vec<&str> = Vec::new();
    for call in &case.calls {
        let func = module.export(&call.export).and_then(|export| export.func());
        let Some(func) = func.filter(|_| !imported.contains(&&*call.export)) else { continue };
        let ty = module.func_type_idx(func).0;
        imports.import("case", &call.export, enc::EntityType::Function(ty));
        imported.push(&call.export);
    }
    let numbers = exported_numbers(module);
    for (name, _, ty) in &numbers {
        let val_type = number(ty.val);
        let ty = enc::GlobalType { val_type, mutable: ty.mutable, shared: false };
        imports.import("case", name, enc::EntityType::Global(ty));
    }
    let (mut functions, mut exports) = (enc::FunctionSection::new(), enc::ExportSection::new());
    let mut code = enc::CodeSection::new();
    let mut add = |name: &str, body: &enc::Function| {
        functions.function(unit);
        code.function(body);
        let index = (imported.len() + functions.len() as usize - 1) as u32;
        exports.export(name, enc::ExportKind::Func, index);
    };
    for (k, call) in case.calls.iter().enumerate() {
        let func = module.export(&call.export).and_then(|export| export.func());
        let callee = imported.iter().position(|&name| name == call.export);
        let (Some(func), Some(callee)) = (func, callee) else { continue };
        let ty = module.func_type(func);
        let mut body = function();
        constants(&mut body, &ty.params, &call.args)?;
        body.instruction(&I::Call(callee as u32));
        keep(&mut body, &ty.results, 0);
        body.instruction(&I::End);
        add(&format!("c{k}"), &body);
    }
    let mut body = function();
    let mut at = 0;
    for (n, (_, _, ty)) in numbers.iter().enumerate() {
        body.instruction(&I::GlobalGet(n as u32));
        keep(&mut body, &[ty.val], at);
        at += bytes_of(ty.val);
    }
    body.instruction(&I::End);
    add("globals", &body);
    exports.export("out", enc::ExportKind::Memory, 0);
    let mut memories = enc::MemorySection::new();
    memories.memory(enc::MemoryType {
        minimum: 1,
        maximum: Some(1),
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut driver = enc::Module::new();
    driver.section(&enc::RawSection { id: 1, data: &types }).section(&imports);
    driver.section(&functions).section(&memories).section(&exports).section(&code);
    Ok(driver.finish())
}

fn function() -> enc::Function {
    enc::Function::new(SCRATCH.map(|ty| (1, ty)))
}

/// The case's types, so that they have the same numbers and are the same, and one of functions
/// without parameters and results: the section, and the latter's number.
fn types(module: &Module) -> Result<(Vec<u8>, u32), String> {
    let (mut groups, mut rest) = (0, Vec::new());
    for payload in wasmparser::Parser::new(0).parse_all(module.bytes()) {
        let payload = payload.map_err(|error| error.to_string())?;
        let wasmparser::Payload::TypeSection(section) = payload else { continue };
        groups = section.count();
        let range = section.range();
        let whole = &module.bytes()[range.start as usize..range.end as usize];
        let count = whole.iter().take_while(|&&byte| byte >= 0x80).count() + 1;
        rest = whole[count..].to_vec();
    }
    let mut bytes = Vec::new();
    enc::Encode::encode(&(groups + 1), &mut bytes);
    bytes.extend(rest);
    bytes.extend([0x60, 0, 0]);
    Ok((bytes, module.types().len() as u32))
}

/// The type of numbers for the encoder.
fn number(ty: ValType) -> enc::ValType {
    match ty {
        ValType::I32 | ValType::Ref(_) => enc::ValType::I32,
        ValType::I64 => enc::ValType::I64,
        ValType::F32 => enc::ValType::F32,
        ValType::F64 => enc::ValType::F64,
        ValType::V128 => enc::ValType::V128,
    }
}

fn constants(body: &mut enc::Function, types: &[ValType], cells: &[Cell]) -> Result<(), String> {
    let mut at = 0;
    for &ty in types {
        let cell = |n: usize| cells.get(at + n).copied().unwrap_or_default();
        let low = cell(0);
        body.instruction(&match ty {
            ValType::I32 => I::I32Const(low as u32 as i32),
            ValType::I64 => I::I64Const(low as i64),
            ValType::F32 => I::F32Const(f32::from_bits(low as u32).into()),
            ValType::F64 => I::F64Const(f64::from_bits(low).into()),
            ValType::V128 => I::V128Const((u128::from(low) | u128::from(cell(1)) << 64) as i128),
            ValType::Ref(ty) => {
                let heap = enc::HeapType::try_from(ty.heap_type());
                I::RefNull(heap.map_err(|error| error.to_string())?)
            }
        });
        at += if ty == ValType::V128 { 2 } else { 1 };
    }
    Ok(())
}

/// Leaves values that lie on the stack at a place of the driver's memory, the last one first.
fn keep(body: &mut enc::Function, types: &[ValType], from: u64) {
    let mut at = from + types.iter().map(|&ty| bytes_of(ty)).sum::<u64>();
    for &ty in types.iter().rev() {
        at -= bytes_of(ty);
        if matches!(ty, ValType::Ref(_)) {
            body.instruction(&I::RefIsNull);
        }
        let local = SCRATCH.iter().position(|&scratch| scratch == number(ty)).unwrap_or(0) as u32;
        body.instruction(&I::LocalSet(local));
        body.instruction(&I::I32Const(at as i32));
        body.instruction(&I::LocalGet(local));
        let (offset, align, target) = (0, 0, enc::MemArgTarget::default());
        let arg = enc::MemArg { offset, align, target, ordering: None };
        body.instruction(&match number(ty) {
            enc::ValType::I64 => I::I64Store(arg),
            enc::ValType::F32 => I::F32Store(arg),
            enc::ValType::F64 => I::F64Store(arg),
            enc::ValType::V128 => I::V128Store(arg),
            enc::ValType::I32 | enc::ValType::Ref(_) => I::I32Store(arg),
        });
    }
}
