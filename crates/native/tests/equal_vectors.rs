//! The code of each operator of vectors is proved to do what it says (`prova-equal`), for both
//! levels of processors: with operands in registers and in memory, counts and lanes as numbers.
//!
//! The demands are tried in `prova-equal`, the same code is run by `numeric`. A green run shows
//! nothing of operators in a context, in which the compiler makes other shapes.

use crate::numeric::is_vector;
use crate::numeric::operators::{Operator, operators};
use prova_certify::relation::{Related, relate};
use prova_certify::{Draft, propose};
use prova_check::certificate::Certificate;
use prova_check::{Code, Config, CpuLevel, Layout};
use prova_core::{Engine, Instance, MachineCompiler, Settings, Store, Val};
use prova_equal::{EqualCode, Setting};
use prova_module::ops::Class;
use prova_module::{Features, FuncIdx, Limits, Module, Opcode};
use prova_native::{NativeCompiler, Target, body};

/// The operator of a name of `prova-num`, if it is one of vectors without accesses.
fn opcode(operator: &Operator) -> Option<Opcode> {
    let mnemonic = operator.name.replacen('_', ".", 1);
    let opcode = *Opcode::ALL.iter().find(|opcode| opcode.mnemonic() == mnemonic)?;
    (opcode.row().width == 0 && is_vector(operator)).then_some(opcode)
}

/// How many lanes the operator of a name has.
fn lanes(name: &str) -> u8 {
    let (_, rest) = name.split_once('x').expect("a shape");
    rest.split('_').next().and_then(|n| n.parse().ok()).expect("a number of lanes")
}

/// Functions of all operators: names and text.
fn functions() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut add = |name: &str, params: &[&str], result: &str, text: &str| {
        let params: String = params.iter().map(|ty| format!("(param {ty}) ")).collect();
        found.push((name.to_owned(), format!("(func {params} {result} {text})\n")));
    };
    for operator in operators() {
        let Some(opcode) = opcode(&operator) else { continue };
        let (name, mnemonic) = (operator.name, opcode.mnemonic());
        let immediates: Vec<String> = if opcode.row().immediates.is_empty() {
            vec![String::new()]
        } else if opcode == Opcode::I8x16Shuffle {
            SHUFFLES.iter().map(|&text| text.to_owned()).collect()
        } else {
            let lanes = lanes(name);
            [0, 1, lanes / 2, lanes - 1].into_iter().map(|lane| lane.to_string()).collect()
        };
        let count = operator.params.len() - usize::from(!immediates[0].is_empty());
        let params = &operator.params[..count];
        let result = format!("(result {})", operator.results[0]);
        let gets: String = (0..count).map(|i| format!("(local.get {i}) ")).collect();
        for imm in &immediates {
            add(&format!("{name} {imm}"), params, &result, &format!("{gets} {mnemonic} {imm}"));
        }
        // An operand that is loaded.
        for i in (0..count).filter(|&i| params[i] == "v128") {
            let mut params = params.to_vec();
            params[i] = "i32";
            let loads: String = (0..count)
                .map(|j| match i == j {
                    true => format!("(v128.load (local.get {j})) "),
                    false => format!("(local.get {j}) "),
                })
                .collect();
            let text = format!("{loads} {mnemonic} {}", immediates[0]);
            add(&format!("{name}, {i} in memory"), &params, &result, &text);
        }
        if params.last() == Some(&"i32") && count == 2 && immediates[0].is_empty() {
            for n in [0, 1, 7, 8, 15, 16, 31, 32, 33, 63, 64] {
                let text = format!("(local.get 0) (i32.const {n}) {mnemonic}");
                add(&format!("{name} by {n}"), &["v128"], &result, &text);
            }
        }
    }
    for opcode in Opcode::ALL.iter().filter(|opcode| opcode.mnemonic().starts_with("v128.")) {
        let mnemonic = opcode.mnemonic();
        match opcode.class() {
            Class::load => {
                let text = format!("(local.get 0) {mnemonic} offset=8");
                add(mnemonic, &["i32"], "(result v128)", &text);
            }
            Class::store => {
                let text = format!("(local.get 0) (local.get 1) {mnemonic} offset=8");
                add(mnemonic, &["i32", "v128"], "", &text);
            }
            Class::load_lane | Class::store_lane => {
                let loads = opcode.class() == Class::load_lane;
                let result = if loads { "(result v128)" } else { "" };
                for lane in [0, 1] {
                    let text = format!("(local.get 0) (local.get 1) {mnemonic} offset=8 {lane}");
                    add(mnemonic, &["i32", "v128"], result, &text);
                }
            }
            _ => {}
        }
    }
    found
}

/// Shuffles that code has an instruction for, and others.
const SHUFFLES: [&str; 12] = [
    "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15",
    "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0",
    "3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18",
    "4 5 6 7 4 5 6 7 0 1 2 3 12 13 14 15",
    "0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23",
    "8 9 24 25 10 11 26 27 12 13 28 29 14 15 30 31",
    "0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23",
    "8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31",
    "0 1 18 19 4 5 22 23 8 9 26 27 12 13 30 31",
    "6 7 4 5 2 3 0 1 8 9 10 11 12 13 14 15",
    "15 14 13 12 11 10 9 8 7 6 5 4 3 2 1 0",
    "31 2 17 5 30 9 0 22 11 11 27 4 16 19 3 8",
];

/// The functions that are not proved.
fn refused(cpu: CpuLevel) -> (Vec<String>, usize) {
    let functions = functions();
    let text: String = functions.iter().map(|(_, text)| text.as_str()).collect();
    let wasm = wat::parse_str(format!("(module (memory 1) {text})")).expect("a module");
    let module = Module::decode(wasm, &Features::default(), &Limits::default()).expect("valid");
    let config = Config { cpu, ..Config::default() };
    let layout = Layout::derive(module.bytes(), &config).expect("a layout");
    let target = Target::new(cpu).expect("a target");
    let setting = Setting::new(&module, &layout).expect("one module");
    let mut wrong = Vec::new();
    for (func, (name, _)) in module.defined_funcs().zip(&functions) {
        let body = body(&module, func, layout.config().metering).expect("a body");
        let code = target.compile(&module, &layout, body.body(), false).expect("code");
        let (kind, bytes) = (code.kind, &code.bytes[..]);
        let (traps, calls) = (&code.traps[..], &code.calls[..]);
        let certificate = match propose(&layout, &Draft { kind, bytes, traps, calls }) {
            Ok(certificate) => certificate,
            Err(error) => {
                wrong.push(format!("{name}: {error}"));
                continue;
            }
        };
        let certificate = &certificate[..];
        let data = Certificate::read(certificate).map(|read| read.data).unwrap_or_default();
        let relation = relate(&body, &layout, &Related { bytes, traps, data: &data, sources: &[] });
        let code = Code { kind, bytes, certificate, traps, calls };
        if let Err(error) = EqualCode::check(&body, &setting, code, &relation) {
            wrong.push(format!("{name}: {error}"));
        }
    }
    (wrong, functions.len())
}

/// Functions that are not proved at level 2: the mask of a shift of bytes by a variable count is
/// computed, in a form that has no lemma.
const UNPROVED: [&str; 2] = ["i8x16_shr_u ", "i8x16_shr_u, 0 in memory"];

#[test]
fn each_operator_is_proved() {
    for cpu in [CpuLevel::V2, CpuLevel::V3] {
        let (mut wrong, tried) = refused(cpu);
        let before = wrong.len();
        let listed = |text: &String| {
            UNPROVED.iter().any(|name| text.starts_with(&format!("{name}: function")))
        };
        wrong.retain(|text| cpu != CpuLevel::V2 || !listed(text));
        let wanted = if cpu == CpuLevel::V2 { UNPROVED.len() } else { 0 };
        assert_eq!(before - wrong.len(), wanted, "{cpu:?}: the list");
        assert!(wrong.is_empty(), "{cpu:?}:\n{}", wrong.join("\n"));
        assert!(tried > 600, "{tried}");
    }
}

/// Shifts of bytes at level 2, which are run, not proved: equal to bytecode by any count.
#[test]
fn shifts_of_bytes_at_level_2() {
    let text = "(module (func (export \"f\") (param i64 i64 i32) (result i64 i64) (local v128)
        (local.set 3 (i8x16.shr_u
          (i64x2.replace_lane 1 (i64x2.splat (local.get 0)) (local.get 1)) (local.get 2)))
        (i64x2.extract_lane 0 (local.get 3)) (i64x2.extract_lane 1 (local.get 3))))";
    let wasm = wat::parse_str(text).expect("the text is well-formed");
    let compiler = || NativeCompiler::new().with_cpu(CpuLevel::V2);
    let module = Module::decode(wasm.clone(), &Features::default(), &Limits::default());
    let (module, settings) = (module.expect("it is valid"), Settings::default());
    let layout = Layout::derive(module.bytes(), &compiler().config(&settings)).expect("a layout");
    compiler().function(&module, &layout, &settings, FuncIdx(0)).expect("machine code");
    let mut config = prova_core::Config::new();
    config.native(compiler());
    let engine = Engine::new(&config).expect("the configuration is valid");
    let module = prova_core::Module::new(&engine, &wasm).expect("it is valid");
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).expect("an instance");
    let func = instance.get_func(&mut store, "f").expect("an exported function");
    let words = [0, u64::MAX, 0x8001_7ffe_0f10_a55a, 0x0102_0408_1020_4080, 0xff00_ff00_80c0_e0f0];
    for low in words {
        for count in (0..20).chain([255, 256, -1, i32::MIN]) {
            let high = low.rotate_left(13);
            let args = [Val::I64(low as i64), Val::I64(high as i64), Val::I32(count)];
            let mut results = [Val::I64(0), Val::I64(0)];
            func.call(&mut store, &args, &mut results).expect("no trap");
            let shifted = |word: u64| {
                let bytes = word.to_le_bytes().map(|byte| byte >> (count & 7));
                Val::I64(i64::from_le_bytes(bytes))
            };
            let wanted = [shifted(low), shifted(high)];
            assert_eq!(format!("{results:?}"), format!("{wanted:?}"), "{low:#x} {count}");
        }
    }
}
