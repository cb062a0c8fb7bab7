//! Functions that are not compiled because they are too large: the rest runs as bytecode.
//!
//! A green run does not show how long the compiler takes within the limits.

use prova_check::Layout;
use prova_core::{CompileError, MachineCode, MachineCompiler, Settings};
use prova_module::{Features, FuncIdx, Limits, Module};
use prova_native::{CHARGES_MAX, INSTS_FREE, MODULE_CODE_BYTES_MAX, NativeCompiler, WORK_PER_INST};
use std::time::Duration;

/// The bytes of a number in LEB128.
fn leb(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [&[id], &leb(content.len())[..], content].concat()
}

/// A module of functions whose bodies have these sizes in bytes: no locals, `nop`s, an end.
fn of_bodies(sizes: &[usize]) -> Module {
    let mut code = leb(sizes.len());
    for &size in sizes {
        code.extend(leb(size));
        code.push(0);
        code.extend(std::iter::repeat_n(0x01, size - 2));
        code.push(0x0b);
    }
    let funcs = [leb(sizes.len()), vec![0; sizes.len()]].concat();
    let wasm = [
        b"\0asm\x01\0\0\0".to_vec(),
        section(1, &[1, 0x60, 0, 0]),
        section(3, &funcs),
        section(10, &code),
    ];
    Module::decode(wasm.concat(), &Features::default(), &Limits::default()).expect("it is valid")
}

#[test]
fn code_behind_the_budget_of_a_module_stays_bytecode() {
    // From the first byte of function 0 to the last one of function 11: two bytes, ten bodies of
    // which the last fills what is left, two bytes; and the sizes between them.
    const BODY: usize = 7 << 20;
    const FILL_SIZE_BYTES: usize = 3;
    let sizes = 9 * leb(BODY).len() + FILL_SIZE_BYTES + leb(2).len();
    let fill = MODULE_CODE_BYTES_MAX - sizes - 2 - 9 * BODY - 2;
    assert_eq!(leb(fill).len(), FILL_SIZE_BYTES);
    let module = of_bodies(&[&[2][..], &[BODY; 9], &[fill, 2, 2]].concat());
    let range = |func| module.body(FuncIdx(func)).expect("a body").range();
    assert_eq!(range(11).end - range(0).start, MODULE_CODE_BYTES_MAX);
    let (compiler, settings) = (NativeCompiler::new(), Settings::default());
    let layout = Layout::derive(module.bytes(), &compiler.config(&settings)).expect("a layout");
    let made = |func| compiler.function(&module, &layout, &settings, FuncIdx(func));
    // The order of questions does not matter, the order in the module does.
    match made(12) {
        Err(CompileError::Declined(why)) => {
            assert!(why.contains(&MODULE_CODE_BYTES_MAX.to_string()), "{why}");
        }
        other => panic!("{other:?}"),
    }
    for func in [11, 0] {
        assert!(made(func).is_ok(), "function {func}");
    }
}

/// The outcome for function 0 of a module, metered or not.
fn made(text: &str, fuel: bool) -> Result<MachineCode, CompileError> {
    let bytes = wat::parse_str(text).expect("the text is well-formed");
    let module = Module::decode(bytes, &Features::default(), &Limits::default()).expect("valid");
    let (compiler, settings) = (NativeCompiler::new(), Settings::default());
    let mut config = compiler.config(&settings);
    config.metering.fuel = fuel;
    let layout = Layout::derive(module.bytes(), &config).expect("a layout");
    compiler.function(&module, &layout, &settings, FuncIdx(0))
}

/// Whether it is machine code; if not, the estimate has to be the reason.
fn is_compiled(text: &str, fuel: bool) -> bool {
    match made(text, fuel) {
        Ok(_) => true,
        Err(CompileError::Declined(why)) => {
            assert!(why.contains(&format!("{WORK_PER_INST} units of work")), "{why}");
            false
        }
        Err(error) => panic!("{error}"),
    }
}

/// A function in which `live` loaded words wait on the operand stack until all are put together,
/// `rounds` times.
fn waiting(live: usize, rounds: usize) -> String {
    let loads = |round: usize| -> String {
        (0..live)
            .map(|at| format!("(i64.load offset={} (local.get 0))", 8 * (round * live + at)))
            .collect()
    };
    let round = |round| format!("{} {} (local.set 1)", loads(round), "(i64.xor)".repeat(live - 1));
    let rounds: String = (0..rounds)
        .map(|at| format!("{} (i64.store (local.get 0) (local.get 1))", round(at)))
        .collect();
    format!("(module (memory 1) (func (param i32) (local i64) {rounds}))")
}

/// A chain of `blocks` blocks, each left early, with `locals` locals that change on the way.
fn ladder(blocks: usize, locals: usize) -> String {
    let set = |at: usize| -> String {
        (1..=locals)
            .map(|local| format!("(local.set {local} (i32.const {}))", at * local))
            .collect()
    };
    let exits: String = (0..blocks)
        .map(|at| format!("(br_if {at} (i32.load8_u offset={at} (local.get 0))) {}", set(at)))
        .collect();
    let uses: String = (1..=locals)
        .map(|local| format!("(i32.store (local.get 0) (local.get {local}))"))
        .collect();
    let ends = format!(") {uses}").repeat(blocks);
    format!(
        "(module (memory 1) (func (param i32) (local{}) {} {exits} {ends}))",
        " i32".repeat(locals),
        "(block ".repeat(blocks)
    )
}

#[test]
fn values_that_wait_beyond_the_work_of_an_instruction_stay_bytecode() {
    for (live, rounds, compiled) in [
        (300, 4, true),
        // Functions of few instructions are compiled in any case.
        (INSTS_FREE / 2 - 20, 1, true),
        (700, 1, false),
        (700, 4, false),
        (3_000, 1, false),
    ] {
        assert_eq!(is_compiled(&waiting(live, rounds), false), compiled, "{live} {rounds}");
    }
}

#[test]
fn charges_in_a_row_are_limited() {
    // The first charge is at the body's beginning.
    for (blocks, fuel, compiled) in [
        (CHARGES_MAX as usize - 2, true, true),
        (CHARGES_MAX as usize + 2, true, false),
        (CHARGES_MAX as usize + 2, false, true),
    ] {
        match made(&ladder(blocks, 0), fuel) {
            Ok(_) => assert!(compiled, "{blocks}"),
            Err(error) => {
                let expected = format!("more than {CHARGES_MAX} charges in a row");
                assert!(!compiled && error.to_string() == expected, "{blocks}: {error}");
            }
        }
    }
}

#[test]
fn fuel_at_very_many_merges_is_read_anew() {
    // Blocks in a row, each behind one that may leave it: no charges in a row, many merges.
    let ifs = |n: usize| {
        let one =
            "(if (i32.load8_u (local.get 0)) (then (i32.store8 (local.get 0) (i32.const 0))))";
        format!("(module (memory 1) (func (param i32) {}))", one.repeat(n))
    };
    for merges in [50, 4_200] {
        assert!(is_compiled(&ifs(merges), true), "{merges}");
    }
}

#[test]
fn values_that_meet_in_many_blocks_stay_bytecode() {
    for (blocks, locals, compiled) in [(600, 2, true), (5_000, 3, false)] {
        assert_eq!(is_compiled(&ladder(blocks, locals), false), compiled, "{blocks} {locals}");
    }
}

/// Behind each jump table the next one is found. To execute all code anew for each takes two
/// hundred executions of an instruction here, which is beyond the limit.
#[test]
fn jump_tables_in_a_row_are_found_in_one_go() {
    let table = |i: usize| {
        let index =
            format!("(i32.and (i32.shr_u (local.get 0) (i32.const {})) (i32.const 3))", i % 32);
        format!(
            "(block (block (block (br_table 0 1 2 {index})) \
             (local.set 1 (i32.add (local.get 1) (i32.const {i}))) (br 1)) \
             (local.set 1 (i32.xor (local.get 1) (i32.const 7))))"
        )
    };
    let tables: String = (0..400).map(table).collect();
    let text =
        format!("(module (func (param i32) (result i32) (local i32) {tables} (local.get 1)))");
    assert!(is_compiled(&text, false));
}

#[test]
fn time_that_is_over_leaves_bytecode() {
    let module = of_bodies(&[2]);
    let settings = Settings::default();
    for (time, compiled) in [(Duration::ZERO, false), (Duration::from_secs(3600), true)] {
        let compiler = NativeCompiler::new().within(time);
        let layout = Layout::derive(module.bytes(), &compiler.config(&settings)).expect("a layout");
        match compiler.function(&module, &layout, &settings, FuncIdx(0)) {
            Ok(_) => assert!(compiled),
            Err(error) => assert!(!compiled && error.to_string().contains("time"), "{error}"),
        }
    }
}
