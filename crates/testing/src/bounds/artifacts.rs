//! Changed artifacts → refused, or run inside the sandbox, and right where compiling again says so.
//!
//! ```text
//! a module ─ serialize ─► file ─ change ─► file' ─ deserialize ─► calls, beside the module as bytecode
//!                                            └ verify, rebuild: what the commands would say
//! ```
//!
//! A file is changed as bytes, or taken apart, changed and put together with digests that fit:
//! code, certificates and maps of a piece, pieces in the place of others and of other programs,
//! pieces that are left out, settings, the module. `bad_input::supervise` runs the inputs in a
//! separate process, so a crash is a finding.
//!
//! # Demands
//! * L1. No panic, no crash; time and memory as `bad_input` has them (I2 to I4).
//! * L2. Where compiling again gives every piece, outcomes are those of bytecode.
//! * L3. Where all code is refused, or there is none, outcomes are those of bytecode.
//! * L4. `verify` accepts all pieces exactly where loading refuses none.
//!
//! A green run does not show that accepted code stays in the sandbox where no access leaves it by
//! chance (`certify/tests/observer` looks at every access), nor that changes reach every rule.

use crate::bounds::bad_input::{self, Answer, Report};
use crate::generate::{Generator, Rng};
use prova_artifact::{Artifact, Piece, Settings, Writer};
use prova_check::{CallRow, CodeKind, CpuLevel, Says, TrapRow};
use prova_core::{
    Config, Engine, Error, Instance, MemoryShape, Module, RefusalReason, Store, StoreLimitsBuilder,
    Translate, Trap, Val, ValType,
};
use prova_native::{NativeCompiler, rebuild, verify};
use std::io::Write;

/// Inputs that are made of one program.
const CHANGES: u64 = 64;

/// The fuel of a call.
const FUEL: u64 = 3_000;

/// Bytes of each memory, at most.
const MEMORY_BYTES_MAX: usize = 2 << 20;

/// The program of some inputs: calls of each kind, a memory, a table, a global, a loop, traps.
pub(crate) const PROGRAM: &str = r#"(module
    (memory (export "m") 1) (table 3 funcref) (elem (i32.const 0) $add $sub)
    (global $g (mut i32) (i32.const 5)) (type $two (func (param i32 i32) (result i32)))
    (func $add (type $two) (i32.add (local.get 0) (local.get 1)))
    (func $sub (type $two) (i32.sub (local.get 0) (local.get 1)))
    (func (export "call") (param i32 i32 i32) (result i32)
        (call_indirect (type $two) (local.get 1) (local.get 2) (local.get 0)))
    (func (export "sum") (param i32 i32) (result i64) (local i64)
        (loop $l
            (i64.store (local.get 0) (i64.add (i64.load (local.get 0)) (i64.const 3)))
            (local.set 2 (i64.add (local.get 2) (i64.load (local.get 0))))
            (local.set 0 (i32.add (local.get 0) (i32.const 8)))
            (br_if $l (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
        (global.set $g (call $add (local.get 0) (global.get $g)))
        (local.get 2))
    (func (export "tail") (param i32 i32) (result i32)
        (return_call $sub (local.get 0) (local.get 1)))
    (func (export "div") (param i32 f64) (result f64)
        (f64.add (local.get 1) (f64.convert_i32_s (i32.div_s (i32.const 9) (local.get 0)))))
    (func (export "down") (param i32) (result i32)
        (if (result i32) (local.get 0)
            (then (call 6 (i32.sub (local.get 0) (i32.const 1)))) (else (unreachable)))))"#;

/// A program, its file, and what its calls do.
#[derive(Debug)]
struct Base {
    number: u64,
    file: Vec<u8>,
    expected: Vec<String>,
}

/// Makes inputs in the order of their numbers, and keeps the last programs.
#[derive(Debug, Default)]
pub struct Inputs {
    now: Option<Base>,
    /// The file of the program before, whose pieces stand in the place of others.
    before: Option<Vec<u8>>,
}

impl Inputs {
    /// Input `index`: a changed file.
    ///
    /// # Errors
    /// If there is no file of the program.
    pub fn input(&mut self, seed: u64, index: u64) -> Result<Vec<u8>, Error> {
        let number = index / CHANGES;
        if self.now.as_ref().is_none_or(|base| base.number != number) {
            self.before = self.now.take().map(|base| base.file);
            self.now = Some(Base::new(seed, number)?);
        }
        let Some(base) = &self.now else { return Ok(Vec::new()) };
        let mut rng = Rng::of(!seed, index);
        Ok(changed(&mut rng, &base.file, self.before.as_deref().unwrap_or(&base.file)))
    }
}

impl Base {
    fn new(seed: u64, number: u64) -> Result<Base, Error> {
        let wasm = match number % 4 {
            0 => wat::parse_str(PROGRAM).map_err(Error::from)?,
            _ => Generator::Smith.alone(seed, number, 6).wasm,
        };
        let made = engine(Some(NativeCompiler::new()))?;
        let bytecode = engine(None)?;
        let wasm = match Module::new(&made, &wasm) {
            Ok(_) => wasm,
            // Some of wasm-smith's modules use what no tier executes.
            Err(_) => wat::parse_str(PROGRAM).map_err(Error::from)?,
        };
        let file = Module::new(&made, &wasm)?.serialize()?;
        let expected = outcomes(&bytecode, &Module::new(&bytecode, &wasm)?);
        Ok(Base { number, file, expected })
    }
}

/// An engine with a compiler, or one that takes what is in artifacts.
fn engine(compiler: Option<NativeCompiler>) -> Result<Engine, Error> {
    let mut config = Config::new();
    config.consume_fuel(true).deterministic(true).translate(Translate::Eager);
    config.max_wasm_stack(64 << 10);
    match compiler {
        Some(compiler) => config.native(compiler),
        None => config.precompiled(MemoryShape::GUARD),
    };
    Engine::new(&config)
}

/// The outcome of a call of each exported function with the same arguments, in one instance.
pub(crate) fn outcomes(engine: &Engine, module: &Module) -> Vec<String> {
    let limits = StoreLimitsBuilder::new().memory_size(MEMORY_BYTES_MAX).build();
    let mut store = Store::new(engine, limits);
    store.limiter(|limits| limits);
    let fuel = |store: &mut Store<_>| store.set_fuel(FUEL).is_ok();
    let mut told = vec![fuel(&mut store).to_string()];
    let instance = match Instance::new(&mut store, module, &[]) {
        Ok(instance) => instance,
        Err(error) => return vec![outcome(&error)],
    };
    let names: Vec<String> = module.exports().map(|export| export.name().to_owned()).collect();
    for (at, name) in names.iter().enumerate() {
        let Some(func) = instance.get_func(&mut store, name) else { continue };
        for round in 0..2 {
            fuel(&mut store);
            let ty = func.ty(&store);
            let mut rng = Rng::of(7, 2 * at as u64 + round);
            let Some(args) = ty.params().map(|ty| value(&mut rng, &ty)).collect::<Option<Vec<_>>>()
            else {
                continue;
            };
            let mut results = vec![Val::I32(0); ty.results().len()];
            told.push(match func.call(&mut store, &args, &mut results) {
                Ok(()) => format!("{results:?}, {:?} left", store.get_fuel().ok()),
                Err(error) => outcome(&error),
            });
        }
    }
    told
}

/// The trap, or the kind of error.
fn outcome(error: &Error) -> String {
    match error.downcast_ref::<Trap>() {
        Some(trap) => format!("{trap:?}"),
        None => format!("{:?}", prova_core::ErrorKind::of(error)),
    }
}

fn value(rng: &mut Rng, ty: &ValType) -> Option<Val> {
    let bits = if rng.percent(60) { rng.below(70) as u64 } else { rng.bits() };
    Some(match ty {
        ValType::I32 => Val::I32(bits as i32),
        ValType::I64 => Val::I64(bits as i64),
        ValType::F32 => Val::F32(bits as u32),
        ValType::F64 => Val::F64(bits),
        ValType::V128 => Val::V128(u128::from(bits).into()),
        ValType::Ref(_) => return None,
    })
}

/// The file, changed in one of many ways.
pub(crate) fn changed(rng: &mut Rng, file: &[u8], other: &[u8]) -> Vec<u8> {
    if rng.percent(25) {
        return damaged(rng, file);
    }
    let (Ok(own), Ok(other)) = (Artifact::read(file), Artifact::read(other)) else {
        return damaged(rng, file);
    };
    let (mut settings, mut module) = (own.settings().clone(), own.module().to_vec());
    let mut pieces = pieces(&own);
    let others = self::pieces(&other);
    for _ in 0..rng.between(1, 2) {
        match rng.below(12) {
            0 => change_settings(rng, &mut settings),
            1 => module = other.module().to_vec(),
            2 if !module.is_empty() => {
                let at = rng.below(module.len());
                module[at] = rng.bits() as u8;
            }
            3 if !pieces.is_empty() => drop(pieces.swap_remove(rng.below(pieces.len()))),
            _ if pieces.is_empty() => {}
            4 | 5 => {
                let from = if rng.percent(50) { &others } else { &pieces };
                if let Some(from) = from.get(rng.below(from.len().max(1))).cloned() {
                    let at = rng.below(pieces.len());
                    pieces[at] = Owned { kind: pieces[at].kind, ..from };
                }
            }
            6 => {
                let at = rng.below(pieces.len());
                let index = rng.below(20) as u32;
                pieces[at].kind = *rng.pick(&[
                    CodeKind::Func(index),
                    CodeKind::ThunkIn(index),
                    CodeKind::ThunkOut(index),
                    CodeKind::Func(u32::MAX),
                ]);
            }
            _ => {
                let at = rng.below(pieces.len());
                pieces[at].change(rng);
            }
        }
    }
    let mut writer = Writer::new(settings);
    for Owned { kind, bytes, certificate, traps, calls, relation } in &pieces {
        let (traps, calls) = (traps.clone(), calls.clone());
        let kind = *kind;
        writer.piece("a piece", &Piece { kind, bytes, certificate, traps, calls, relation });
    }
    writer.finish(&module).map_or_else(|_| file.to_vec(), |finished| finished.bytes)
}

/// The bytes with some of them changed, cut out or cut off.
pub(crate) fn damaged(rng: &mut Rng, file: &[u8]) -> Vec<u8> {
    let mut bytes = file.to_vec();
    for _ in 0..rng.between(1, 3) {
        if bytes.is_empty() {
            break;
        }
        // Headers and tables are few of the bytes.
        let low = rng.percent(20);
        let at = if low { rng.below(64.min(bytes.len())) } else { rng.below(bytes.len()) };
        let at = if rng.percent(30) { bytes.len() - 1 - at } else { at };
        match rng.below(6) {
            0 => bytes.truncate(at),
            1 => bytes[at] = 0xff,
            2 => bytes[at] ^= 1 << rng.below(8),
            3 => drop(bytes.drain(at..(at + 1 + rng.below(40)).min(file.len().min(bytes.len())))),
            _ => bytes[at] = rng.bits() as u8,
        }
    }
    bytes
}

fn change_settings(rng: &mut Rng, settings: &mut Settings) {
    let config = &mut settings.config;
    match rng.below(7) {
        0 => config.cpu = CpuLevel::V2,
        1 => config.memory = MemoryShape::Explicit,
        2 => {
            let (reservation_bytes, guard_bytes) = (rng.bits(), rng.bits());
            config.memory = MemoryShape::Guard { reservation_bytes, guard_bytes };
        }
        3 => config.signals = !config.signals,
        4 => config.metering.fuel = !config.metering.fuel,
        5 => config.metering.epoch = !config.metering.epoch,
        _ => settings.deterministic = !settings.deterministic,
    }
}

/// A piece that can be changed.
#[derive(Clone, Debug)]
struct Owned {
    kind: CodeKind,
    bytes: Vec<u8>,
    certificate: Vec<u8>,
    traps: Vec<TrapRow>,
    calls: Vec<CallRow>,
    relation: Vec<u8>,
}

fn pieces(artifact: &Artifact<&[u8]>) -> Vec<Owned> {
    let owned = |kind| {
        let piece = artifact.piece(kind).ok()??;
        let Piece { kind, bytes, certificate, traps, calls, relation } = piece;
        let (bytes, certificate) = (bytes.to_vec(), certificate.to_vec());
        Some(Owned { kind, bytes, certificate, traps, calls, relation: relation.to_vec() })
    };
    artifact.kinds().filter_map(owned).collect()
}

impl Owned {
    fn change(&mut self, rng: &mut Rng) {
        let code = self.bytes.len();
        match rng.below(8) {
            0 if !self.certificate.is_empty() => {
                let at = rng.below(self.certificate.len());
                self.certificate[at] = rng.bits() as u8;
            }
            1 => self.certificate.truncate(rng.below(self.certificate.len() + 1)),
            2 if !self.traps.is_empty() => {
                let at = rng.below(self.traps.len());
                let row = &mut self.traps[at];
                match rng.below(3) {
                    0 => row.code_offset = rng.below(code + 9) as u32,
                    1 => row.wasm_offset = rng.bits() as u32,
                    _ => row.kind = rng.below(20) as u8,
                }
            }
            3 if !self.calls.is_empty() => {
                let at = rng.below(self.calls.len());
                let row = &mut self.calls[at];
                match rng.percent(50) {
                    true => row.return_offset = rng.below(code + 9) as u32,
                    false => row.says = Says::Operator(rng.bits() as u32),
                }
            }
            4 => {
                self.traps.pop();
                self.calls.pop();
            }
            5 => self.bytes.truncate(rng.below(code + 1)),
            _ if code > 0 => {
                let at = rng.below(code);
                self.bytes[at] = match rng.percent(50) {
                    true => rng.bits() as u8,
                    false => self.bytes[at] ^ 1 << rng.below(8),
                };
            }
            _ => {}
        }
    }
}

/// Loads a file and calls everything; `expected` are the outcomes of its program as bytecode.
///
/// # Errors
/// The demand that is broken, in words.
fn answer(file: &[u8], own: &Base) -> Result<Answer, String> {
    let engine = engine(None).map_err(|error| error.to_string())?;
    let module = match Module::deserialize(&engine, file) {
        Ok(module) => module,
        Err(error) => {
            return match prova_core::ErrorKind::of(&error) {
                Some(prova_core::ErrorKind::Bug) | None => Err(format!("no refusal: {error:#}")),
                Some(_) => Ok(Answer::Invalid),
            };
        }
    };
    let found = outcomes(&engine, &module);
    let artifact = Artifact::read(file).map_err(|error| format!("read once: {error}"))?;
    let expected = match artifact.module() == own_module(own) {
        true => own.expected.clone(),
        false => outcomes(
            &engine,
            &Module::new(&engine, module.wasm().bytes())
                .map_err(|error| format!("the module inside is no module: {error:#}"))?,
        ),
    };
    let refusals = module.refusals();
    let of_module = |reason: &RefusalReason| matches!(reason, RefusalReason::OfModule(_));
    let none = refusals.first().is_some_and(|refusal| of_module(&refusal.reason));
    if none || refusals.len() == module.wasm().defined_funcs().len() {
        // L3.
        let same = if found == expected {
            Ok(Answer::Unsupported)
        } else {
            Err(differ(&found, &expected))
        };
        return same.map_err(|what| format!("as bytecode: {what}"));
    }
    let rejected = refusals.iter().any(|refusal| {
        matches!(refusal.reason, RefusalReason::Rejected(_) | RefusalReason::Damaged(_))
    });
    let verified = verify(&artifact, module.wasm(), 1)?;
    if rejected && verified.refused.is_empty() {
        return Err(format!("verify accepts all, and loading refuses: {refusals:?}"));
    }
    let funcs = verified.refused.iter().any(|(kind, _)| match kind {
        CodeKind::Func(func) => (*func as usize) < module.wasm().func_count(),
        CodeKind::ThunkIn(_) | CodeKind::ThunkOut(_) | CodeKind::Loop { .. } | CodeKind::Way(_) => {
            false
        }
    });
    if funcs && !rejected {
        return Err(format!("verify refuses {:?}, and loading nothing", verified.refused));
    }
    if found == expected {
        return Ok(if rejected { Answer::Untranslated } else { Answer::Accepted });
    }
    // L2: another program in the sandbox, and compiling again tells.
    match rebuild(&artifact, module.wasm(), 1)?.is_empty() {
        true => Err(format!("compiled again alike: {}", differ(&found, &expected))),
        false => Ok(Answer::Limit),
    }
}

fn own_module(base: &Base) -> Vec<u8> {
    Artifact::read(&base.file[..]).map(|artifact| artifact.module().to_vec()).unwrap_or_default()
}

pub(crate) fn differ(found: &[String], expected: &[String]) -> String {
    let pair = found.iter().zip(expected).find(|(found, expected)| found != expected);
    format!("{pair:?} (found, expected) of {} and {} calls", found.len(), expected.len())
}

/// The worker: answers each input, says where it is, and reports.
///
/// # Errors
/// If its output is gone.
pub fn worker(seed: u64, first: u64, count: u64) -> std::io::Result<()> {
    std::panic::set_hook(Box::new(|_| {}));
    let mut out = std::io::stdout().lock();
    let (mut report, mut inputs) = (Report::default(), Inputs::default());
    // The program before is needed, as in a run from the beginning.
    if first >= CHANGES {
        inputs.input(seed, first / CHANGES * CHANGES - 1).ok();
    }
    for index in first..first + count {
        writeln!(out, "at {index}")?;
        out.flush()?;
        let file = match inputs.input(seed, index) {
            Ok(file) => file,
            Err(error) => {
                writeln!(out, "finding no file: {}", format!("{error:#}").replace('\n', " "))?;
                continue;
            }
        };
        let Some(base) = &inputs.now else { continue };
        match bad_input::measure(&file, |file| answer(file, base)) {
            Ok((answer, cost)) => report.add(answer, &cost, file.len()),
            Err(complaint) => writeln!(out, "finding {}", complaint.replace('\n', " "))?,
        }
    }
    let [accepted, refused, invalid, bytecode, other] = report.answers;
    let (time, memory) = (100.0 * report.time_part, 100.0 * report.memory_part);
    writeln!(
        out,
        "report {accepted} run alike, {refused} with pieces refused, {bytecode} all as bytecode, \
         {invalid} refused whole, {other} another program, which compiling again tells; at most \
         {time:.0} % of the time allowed and {memory:.0} % of the memory"
    )
}

/// The first input to a file, for `prova run` and `prova verify`.
///
/// # Errors
/// If there is no file of the program.
pub fn input(seed: u64, index: u64) -> Result<Vec<u8>, Error> {
    let mut inputs = Inputs::default();
    if index >= CHANGES {
        inputs.input(seed, index / CHANGES * CHANGES - 1)?;
    }
    inputs.input(seed, index)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Outcomes that are not those of the code are seen, whether it runs or is left out.
    #[test]
    fn each_demand_is_seen_to_be_broken() {
        let mut base = Base::new(1, 0).expect("there is machine code");
        let whole = base.file.clone();
        let read = Artifact::read(&whole[..]).expect("it is what was written");
        let none = Writer::new(read.settings().clone()).finish(read.module());
        let none = none.expect("it can be named").bytes;
        assert_eq!(answer(&whole, &base), Ok(Answer::Accepted));
        assert_eq!(answer(&none, &base), Ok(Answer::Unsupported));
        base.expected[1] = "planted".to_owned();
        let complaint = |file| answer(file, &base).expect_err("other outcomes");
        assert!(complaint(&whole).starts_with("compiled again alike: "));
        assert!(complaint(&none).starts_with("as bytecode: "));
    }

    /// Loading and `verify` agree on a refused piece.
    #[test]
    fn a_piece_that_is_refused_is_an_answer() {
        let base = Base::new(1, 0).expect("there is machine code");
        let artifact = Artifact::read(&base.file[..]).expect("it is what was written");
        let mut writer = Writer::new(artifact.settings().clone());
        for Owned { kind, bytes, certificate, traps, calls, relation } in &pieces(&artifact) {
            let bytes = if *kind == CodeKind::Func(0) { &[0x0f, 0x05][..] } else { bytes };
            let (traps, calls) = (traps.clone(), calls.clone());
            let kind = *kind;
            writer.piece("a piece", &Piece { kind, bytes, certificate, traps, calls, relation });
        }
        let file = writer.finish(artifact.module()).expect("it can be named").bytes;
        assert_eq!(answer(&file, &base), Ok(Answer::Untranslated));
    }
}
