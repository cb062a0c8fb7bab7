//! Generated functions → a script with the reference tier's answers, judged by Wasmtime: the
//! outside engine.
//!
//! ```text
//! Case ─ run (Reference, deterministic) ─► Record ─ script ─► .wast ─ `wasmtime wast` ─► agreed, or the first difference
//! ```
//!
//! All tiers of Prova share the decoder and the numeric operators, so a fault there is seen by no
//! comparison between tiers. Here it is seen if the generator's functions reach it. Compared are
//! results by bits, the kind of each trap by its message, that an exception leaves a call (not
//! which), and the globals of numbers at the end; not memories, fuel or offsets. One difference is
//! known and passed over: an atomic access whose effective address does not fit 64 bits is out of
//! bounds here, whereas Wasmtime looks at the low bits first; so of a trap beyond all addresses the
//! kind is not compared. Neither is the judge always right: a difference says that one of the two
//! is wrong.
//!
//! Wasmtime is a program found through `PATH` or named by the caller; without it the campaign is
//! *skipped*, never passed.

use crate::generate::operators::Ty;
use crate::generate::{Case, Generator, biased};
use crate::sides::Side;
use crate::sides::host::{HOST_MODULE, Host};
use crate::sides::run::{Outcome, Program, Record, Setup, State};
use prova_core::Tier;
use prova_module::{Features, Limits, Module, ValType};
use prova_runtime::{Cell, Metering, Settings, TrapKind};
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

/// Flags that make Wasmtime accept what the generator writes, and NaN bits alike.
const FLAGS: [&str; 13] = [
    "-Wmulti-memory",
    "-Wmemory64",
    "-Wtail-call",
    "-Wexceptions",
    "-Wfunction-references",
    "-Wgc",
    "-Wthreads",
    "-Wwide-arithmetic",
    "-Wcustom-page-sizes",
    "-Wrelaxed-simd",
    "-Wrelaxed-simd-deterministic",
    "-Wnan-canonicalization",
    "-Ccache=n",
];

/// The counts of a campaign.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Functions judged.
    pub funcs: u64,
    /// Calls whose results were compared.
    pub returned: u64,
    /// Calls whose traps were compared.
    pub trapped: u64,
    /// Calls that ended with an exception that nothing catches.
    pub thrown: u64,
    /// The first difference.
    pub difference: Option<String>,
}

/// The version that a program prints, or why it cannot be asked.
///
/// # Errors
///
/// If it does not run.
pub fn version(wasmtime: &Path) -> Result<String, String> {
    let output = Command::new(wasmtime).arg("--version").output();
    let output = output.map_err(|error| format!("{}: {error}", wasmtime.display()))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Changes a record before it is judged, to plant a fault.
pub type Plant = fn(&mut Record);

/// Has `wasmtime` judge at least `count` functions, with a planted fault if one is given.
///
/// # Errors
///
/// If the program does not run, or a script cannot be written.
pub fn campaign(
    wasmtime: &Path,
    seed: u64,
    count: u64,
    plant: Option<Plant>,
) -> Result<Verdict, String> {
    const CASES: u64 = 10;
    let mut verdict = Verdict::default();
    let mut index = 0;
    while verdict.funcs < count && verdict.difference.is_none() {
        // The host module of every script: the one in which `host::imports` finds what is imported.
        let mut script = format!("{HOST_MODULE}\n(register \"{}\")\n", biased::HOST);
        for index in index..index + CASES {
            let case = Generator::Biased.case(seed, index, 60);
            append(&mut script, &mut verdict, &case, (index, plant))?;
        }
        index += CASES;
        verdict.difference = ask(wasmtime, &script, seed)?;
    }
    Ok(verdict)
}

/// Appends a case with the reference tier's answers.
fn append(
    script: &mut String,
    verdict: &mut Verdict,
    case: &Case,
    (index, plant): (u64, Option<Plant>),
) -> Result<(), String> {
    let module = Module::decode(&*case.wasm, &Features::default(), &Limits::default())
        .map_err(|error| format!("case {index} is refused: {error}"))?;
    let settings = Settings { metering: Metering::Fuel, deterministic: true };
    let program = Program::of(&module, case, Host::Instance);
    let mut record = Setup { tier: Tier::Reference, settings }.run(&program);
    if let Some(plant) = plant {
        plant(&mut record);
    }
    // Past a call that ran out of fuel the two engines have nothing in common.
    let exhausted = record.first(Outcome::is_out_of_fuel);
    verdict.funcs +=
        module.exports().iter().filter(|export| export.func().is_some()).count() as u64;
    let failed = |_| "a string could not be written".to_owned();
    write_case(script, verdict, case, &module, &record, (index, exhausted)).map_err(failed)
}

fn write_case(
    script: &mut String,
    verdict: &mut Verdict,
    case: &Case,
    module: &Module,
    record: &Record,
    (index, exhausted): (u64, usize),
) -> std::fmt::Result {
    write!(script, ";; case {index}\n(module binary \"")?;
    for byte in &case.wasm {
        write!(script, "\\{byte:02x}")?;
    }
    script.push_str("\")\n");
    for (i, (call, (outcome, _))) in case.calls.iter().zip(&record.calls).enumerate() {
        if exhausted == i {
            return Ok(());
        }
        let func = module.export(&call.export).and_then(|export| export.func());
        let Some(ty) = func.map(|func| module.func_type(func)) else { continue };
        let invoke = format!("(invoke \"{}\"{})", call.export, values(&ty.params, &call.args));
        match outcome {
            Outcome::Results(cells) => {
                verdict.returned += 1;
                writeln!(script, "(assert_return {invoke}{})", values(&ty.results, cells))?;
            }
            Outcome::Trap { kind: TrapKind::StackOverflow, .. } => {
                writeln!(script, "(assert_exhaustion {invoke} \"call stack exhausted\")")?;
            }
            Outcome::Trap { kind: TrapKind::UncaughtException, .. } => {
                verdict.thrown += 1;
                writeln!(script, "(assert_exception {invoke})")?;
            }
            Outcome::Trap { kind, fault, .. } => {
                verdict.trapped += 1;
                let beyond = fault.is_some_and(|fault| fault.address == u64::MAX);
                // Every message contains the empty one.
                let message = if beyond { String::new() } else { kind.to_string() };
                writeln!(script, "(assert_trap {invoke} \"{message}\")")?;
            }
            Outcome::Fault(message) => writeln!(script, "(fault \"{message}\")")?,
            Outcome::Skipped => {}
        }
    }
    let globals = record.state.iter().filter_map(|state| match state {
        State::Global(cells) => Some(cells),
        State::Memory(_) | State::Table(_) => None,
    });
    for (i, (global, cells)) in module.globals().iter().zip(globals).enumerate() {
        if matches!(global.val, ValType::Ref(_)) {
            continue;
        }
        writeln!(script, "(assert_return (get \"g{i}\"){})", values(&[global.val], cells))?;
    }
    Ok(())
}

/// Cells as constants of the text format, each after a space.
fn values(types: &[ValType], cells: &[Cell]) -> String {
    let mut text = String::new();
    let mut at = 0;
    for ty in types {
        let (ty, cell) = (ty_of(*ty), cells.get(at).copied().unwrap_or_default());
        text.push(' ');
        text.push_str(&match ty {
            Ty::I32 => format!("(i32.const {})", cell as u32),
            Ty::I64 => format!("(i64.const {cell})"),
            Ty::F32 => float("f32", cell, 8, 23),
            Ty::F64 => float("f64", cell, 11, 52),
            Ty::V128 => {
                let high = cells.get(at + 1).copied().unwrap_or_default();
                format!("(v128.const i64x2 {cell} {high})")
            }
            Ty::Func | Ty::Exn | Ty::Ref => "(ref.null func)".to_owned(),
            Ty::Any | Ty::Pair | Ty::Bytes => "(ref.null any)".to_owned(),
        });
        at += ty.cells();
    }
    text
}

fn ty_of(ty: ValType) -> Ty {
    match ty {
        ValType::I32 => Ty::I32,
        ValType::I64 => Ty::I64,
        ValType::F32 => Ty::F32,
        ValType::F64 => Ty::F64,
        ValType::V128 => Ty::V128,
        ValType::Ref(_) => Ty::Func,
    }
}

/// The bits of a float as a constant that says them exactly.
fn float(ty: &str, bits: u64, exponent_bits: u32, fraction_bits: u32) -> String {
    let sign = if bits >> (exponent_bits + fraction_bits) == 1 { "-" } else { "" };
    let fraction = bits & ((1 << fraction_bits) - 1);
    let exponent = bits >> fraction_bits & ((1 << exponent_bits) - 1);
    let greatest = (1 << exponent_bits) - 1;
    let digits = fraction_bits.div_ceil(4);
    // As hexadecimal digits, the fraction is shifted to whole ones.
    let hex = fraction << (digits * 4 - fraction_bits);
    let width = digits as usize;
    let bias = (1 << (exponent_bits - 1)) - 1;
    match (exponent, fraction) {
        (e, 0) if e == greatest => format!("({ty}.const {sign}inf)"),
        (e, _) if e == greatest => format!("({ty}.const {sign}nan:0x{fraction:x})"),
        (0, _) => format!("({ty}.const {sign}0x0.{hex:0width$x}p{})", 1 - bias),
        (e, _) => format!("({ty}.const {sign}0x1.{hex:0width$x}p{})", e as i64 - bias),
    }
}

/// Runs a script; the judge's words if it objects.
fn ask(wasmtime: &Path, script: &str, seed: u64) -> Result<Option<String>, String> {
    static SCRIPTS: AtomicU64 = AtomicU64::new(0);
    let number = SCRIPTS.fetch_add(1, Ordering::Relaxed);
    let name = format!("prova-judge-{}-{number}.wast", std::process::id());
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, script).map_err(|error| format!("{}: {error}", path.display()))?;
    let output = Command::new(wasmtime)
        .arg("wast")
        .args(FLAGS)
        .arg(&path)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{}: {error}", wasmtime.display()))?;
    if output.status.success() {
        // A script that was left behind hurts nobody.
        let _ = std::fs::remove_file(&path);
        return Ok(None);
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Ok(Some(format!("seed {seed}, script {}:\n{words}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_print_as_what_they_are() {
        let f32_ = |x: f32| float("f32", u64::from(x.to_bits()), 8, 23);
        assert_eq!(f32_(1.5), "(f32.const 0x1.800000p0)");
        assert_eq!(f32_(-0.0), "(f32.const -0x0.000000p-126)");
        assert_eq!(f32_(f32::NEG_INFINITY), "(f32.const -inf)");
        let f64_ = |x: f64| float("f64", x.to_bits(), 11, 52);
        assert_eq!(f64_(2.0), "(f64.const 0x1.0000000000000p1)");
        assert_eq!(float("f32", 0x7fc0_0000, 8, 23), "(f32.const nan:0x400000)");
    }

    #[test]
    fn an_absent_judge_is_an_error_and_no_verdict() {
        assert!(campaign(Path::new("/no/such/program"), 1, 1, None).is_err());
    }
}
