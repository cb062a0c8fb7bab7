//! Every operator of numbers and vectors as machine code, against `prova-num`.
//!
//! A module has a function for each operator that applies it to rows of operands in memory, so the
//! operands are values that the compiler does not know. Integers: all pairs of sign-extended and of
//! zero-extended 8-bit values, edge values, random ones at full width. Floats and vectors: edge
//! values and random bits. Results are compared by bits, with NaNs canonical (`deterministic`).
//!
//! A green run does not cover operators with immediates at other lanes than the first, last and one
//! between, nor other shapes that the optimiser makes of several operators.

pub(crate) mod operators;

use operators::{Operator, Value as _, operators};
use prova_core::{Config, Engine, Instance, Memory, Module, Store, Trap};
use prova_module::Opcode;
use prova_module::ops::Class;
use prova_native::NativeCompiler;
use prova_num::*;
use prova_random::Rng;

/// The Wasm operator of a function of `prova-num`, if it is one without immediates and with at most
/// three operands.
fn opcode(operator: &Operator) -> Option<Opcode> {
    let mnemonic = operator.name.replacen('_', ".", 1);
    let opcode = Opcode::ALL.iter().find(|opcode| opcode.mnemonic() == mnemonic)?;
    let row = opcode.row();
    let plain = row.immediates.is_empty() && row.width == 0 && row.params.len() <= 3;
    plain.then_some(*opcode)
}

fn edges(ty: &str) -> Vec<u128> {
    match ty {
        "i32" => [0, 1, 2, 31, 32, 33, 0x7f, 0x80, 0xff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000]
            .iter()
            .flat_map(|&x: &u32| [x, x.wrapping_neg(), x.wrapping_sub(1)])
            .map(u128::from)
            .collect(),
        "i64" => [0, 1, 31, 63, 64, 0x80, 0x8000, 0x7fff_ffff, 0xffff_ffff, 1 << 53, 1 << 63]
            .iter()
            .flat_map(|&x: &u64| [x, x.wrapping_neg(), x.wrapping_sub(1)])
            .map(u128::from)
            .collect(),
        "f32" => floats().map(|x| (x as f32).to_bits().into()).chain(nans(0x7f80_0000)).collect(),
        "f64" => floats().map(|x| x.to_bits().into()).chain(nans(0x7ff0_0000_0000_0000)).collect(),
        _ => {
            let lanes = edges("i32").into_iter().chain(edges("f64"));
            let spread = |bits: u128| [bits, bits | bits << 64, bits | bits << 32 | bits << 96];
            lanes.flat_map(spread).chain([!0, 0x80 << 120 | 0x80]).collect()
        }
    }
}

fn floats() -> impl Iterator<Item = f64> {
    let halves = [0.0, 0.5, 1.0, 1.5, 2.5, 127.5, 1e-320, 1e-40, f64::MIN_POSITIVE, 1e300];
    let bounds = [31, 32, 52, 53, 63, 64].map(|n: i32| 2f64.powi(n));
    let near = bounds.into_iter().flat_map(|x| [x, x - 1.0, x.next_down(), x.next_up()]);
    let all = halves.into_iter().chain(near).chain([f64::INFINITY, f64::from(f32::MAX)]);
    all.flat_map(|x| [x, -x])
}

fn nans(exponent: u64) -> impl Iterator<Item = u128> {
    [exponent + 1, exponent | exponent >> 1 | 1, exponent << 1 | exponent | 5]
        .map(u128::from)
        .into_iter()
}

fn random(rng: &mut Rng, ty: &str) -> u128 {
    let bits = u128::from(rng.bits()) | u128::from(rng.bits()) << 64;
    let bits = if rng.bits().is_multiple_of(4) { bits >> (rng.bits() % 64) } else { bits };
    match ty {
        "i32" | "f32" => bits & 0xffff_ffff,
        "i64" | "f64" => bits & u128::from(u64::MAX),
        _ => bits,
    }
}

/// The rows of operands of an operator.
fn rows(operator: &Operator, rng: &mut Rng) -> Vec<[u128; 3]> {
    let params = &operator.params;
    let mut rows = Vec::new();
    let small = |ty: &str| {
        let mask = if ty == "i32" { u128::from(u32::MAX) } else { u128::from(u64::MAX) };
        let signed = (-128i128..128).map(move |x| x as u128 & mask).collect::<Vec<u128>>();
        [signed, (0..256).collect()]
    };
    let integer = |ty: &str| matches!(ty, "i32" | "i64");
    if params.len() <= 2 && params.iter().all(|ty| integer(ty)) {
        for (left, right) in small(params[0]).iter().zip(small(params[params.len() - 1])) {
            for &a in left {
                if params.len() == 1 {
                    rows.push([a, 0, 0]);
                } else {
                    rows.extend(right.iter().map(|&b| [a, b, 0]));
                }
            }
        }
    }
    let sets: Vec<Vec<u128>> = params.iter().map(|ty| edges(ty)).collect();
    match &sets[..] {
        [a] => rows.extend(a.iter().map(|&a| [a, 0, 0])),
        [a, b] => rows.extend(a.iter().flat_map(|&a| b.iter().map(move |&b| [a, b, 0]))),
        _ => {}
    }
    rows.extend((0..500).map(|_| {
        let mut row = [0; 3];
        for (value, ty) in row.iter_mut().zip(params) {
            *value = match rng.bits() % 3 {
                0 => edges(ty)[(rng.bits() % edges(ty).len() as u64) as usize],
                _ => random(rng, ty),
            };
        }
        row
    }));
    rows.truncate(140_000);
    rows
}

/// A function that applies an operator to this number of rows of memory.
fn function(operator: &Operator, opcode: Opcode) -> String {
    let (name, mnemonic) = (operator.name, opcode.mnemonic());
    let operands: String = operator
        .params
        .iter()
        .enumerate()
        .map(|(i, ty)| format!("({ty}.load offset={} (local.get 0)) ", 16 * i))
        .collect();
    let results = operator.results;
    let locals: String =
        results.iter().enumerate().map(|(i, ty)| format!("(local $r{i} {ty}) ")).collect();
    let sets: String = (0..results.len()).rev().map(|i| format!("local.set $r{i} ")).collect();
    let stores: String = results
        .iter()
        .enumerate()
        .map(|(i, ty)| format!("({ty}.store offset={} (local.get 1) (local.get $r{i})) ", 16 * i))
        .collect();
    format!(
        "(func (export \"{name}\") (param i32 i32 i32) {locals}
            (loop
              {operands} {mnemonic} {sets} {stores}
              (local.set 0 (i32.add (local.get 0) (i32.const 48)))
              (local.set 1 (i32.add (local.get 1) (i32.const 32)))
              (br_if 0 (local.tee 2 (i32.sub (local.get 2) (i32.const 1))))))\n"
    )
}

struct World {
    store: Store<()>,
    instance: Instance,
    memory: Memory,
}

impl World {
    fn new(text: &str, signals: bool) -> World {
        let mut config = Config::new();
        config.deterministic(true).native(NativeCompiler::new()).signals_based_traps(signals);
        let engine = Engine::new(&config).expect("a valid configuration");
        let wasm = wat::parse_str(text).expect("the text is well-formed");
        let module = Module::new(&engine, wasm).expect("the module is valid");
        let mut store = Store::new(&engine, ());
        let instance = prova_core::Linker::new(&engine).instantiate(&mut store, &module);
        let instance = instance.expect("it has no imports");
        let memory = instance.get_memory(&mut store, "m").expect("it has a memory");
        World { store, instance, memory }
    }

    /// Applies an operator to rows.
    fn apply(&mut self, name: &str, rows: &[[u128; 3]]) -> Result<Vec<[u128; 2]>, Trap> {
        let data = self.memory.data_mut(&mut self.store);
        for (row, bytes) in rows.iter().zip(data.chunks_mut(48)) {
            for (value, bytes) in row.iter().zip(bytes.chunks_mut(16)) {
                bytes.copy_from_slice(&value.to_le_bytes());
            }
        }
        let at = rows.len() * 48;
        data[at..at + rows.len() * 32].fill(0);
        let func = self.instance.get_typed_func::<(i32, i32, i32), ()>(&mut self.store, name);
        let func = func.expect("an export");
        func.call(&mut self.store, (0, at as i32, rows.len() as i32))
            .map_err(|error| *error.downcast_ref::<Trap>().expect("a trap"))?;
        let data = self.memory.data(&self.store);
        let results = data[at..].chunks(32).take(rows.len());
        let value = |bytes: &[u8]| u128::from_le_bytes(bytes.try_into().expect("16 bytes"));
        Ok(results.map(|bytes| [value(&bytes[..16]), value(&bytes[16..])]).collect())
    }
}

/// The expected result of an operator, NaNs canonical where the table says so.
fn expected(operator: &Operator, opcode: Opcode, row: [u128; 3]) -> Result<[u128; 2], NumError> {
    let [value, second] = (operator.apply)(row)?;
    let value = match opcode.row().canonical {
        Some("f32_canonicalize") => f32_canonicalize(f32::of(value)).bits(),
        Some("f64_canonicalize") => f64_canonicalize(f64::of(value)).bits(),
        Some("f32x4_canonicalize") => f32x4_canonicalize(value),
        Some("f64x2_canonicalize") => f64x2_canonicalize(value),
        _ => value,
    };
    Ok([value, second])
}

/// Checks the operators that `choose` selects; returns their number. Those that trap are checked
/// without signals, too.
fn check(choose: impl Fn(&Operator) -> bool) -> usize {
    check_with(|operator, _| choose(operator), true)
        .max(check_with(|op, opcode| choose(op) && opcode.class() == Class::trap, false))
}

fn check_with(choose: impl Fn(&Operator, Opcode) -> bool, signals: bool) -> usize {
    let operators: Vec<(Operator, Opcode)> = operators()
        .into_iter()
        .filter_map(|operator| opcode(&operator).map(|opcode| (operator, opcode)))
        .filter(|(operator, opcode)| choose(operator, *opcode))
        .collect();
    let text: String =
        operators.iter().map(|(operator, opcode)| function(operator, *opcode)).collect();
    let mut world = World::new(&format!("(module (memory (export \"m\") 200) {text})"), signals);
    let mut rng = Rng::of(1, 0);
    for (operator, opcode) in &operators {
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        for row in rows(operator, &mut rng) {
            match expected(operator, *opcode, row) {
                Ok(values) => good.push((row, values)),
                Err(error) => bad.push((row, error)),
            }
        }
        let inputs: Vec<[u128; 3]> = good.iter().map(|(row, _)| *row).collect();
        let results = world.apply(operator.name, &inputs).expect("no trap");
        for ((row, values), found) in good.iter().zip(&results) {
            assert_eq!(values, found, "{} of {row:x?}", operator.name);
        }
        for (row, error) in bad.iter().step_by(1 + bad.len() / 200) {
            let trap = match error {
                NumError::DivisionByZero => Trap::IntegerDivisionByZero,
                NumError::IntegerOverflow => Trap::IntegerOverflow,
                NumError::InvalidConversionToInteger => Trap::BadConversionToInteger,
            };
            let found = world.apply(operator.name, &[*row]);
            assert_eq!(found.map(|_| ()), Err(trap), "{} of {row:x?}", operator.name);
        }
    }
    operators.len()
}

pub(crate) fn is_vector(operator: &Operator) -> bool {
    operator.params.iter().chain(operator.results).any(|ty| *ty == "v128")
}

#[test]
fn operators_of_32_bit_integers() {
    let count = check(|op| !is_vector(op) && op.name.starts_with("i32_"));
    assert!(count >= 40, "{count}");
}

#[test]
fn operators_of_64_bit_integers() {
    let count = check(|op| !is_vector(op) && op.name.starts_with("i64_"));
    assert!(count >= 40, "{count}");
}

#[test]
fn operators_of_floats() {
    let count = check(|op| !is_vector(op) && op.name.starts_with('f'));
    assert!(count >= 50, "{count}");
}

#[test]
fn operators_of_vectors() {
    let count = check(is_vector);
    assert!(count >= 200, "{count}");
}
