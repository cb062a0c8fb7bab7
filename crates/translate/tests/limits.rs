//! The limits of translation from both sides, and bodies that would make a careless translator
//! quadratic.

use crate::support::encode::{Encoder, I32, leb};
use crate::support::module;
use prova_bytecode::Settings;
use prova_module::{Features, FuncIdx, Limits, Module};
use prova_translate::{FRAME_CELLS_MAX, TranslateError, Translator};

fn decode(locals: u32, operators: &[u8]) -> prova_module::Result<Module> {
    let mut encoder = Encoder::new(&[(&[], &[])], &[(locals, I32)]);
    encoder.function(operators);
    Module::decode(encoder.finish(), &Features::default(), &Limits::default())
}

fn function(locals: u32, operators: &[u8]) -> Module {
    decode(locals, operators).expect("the module is valid")
}

fn translate(module: &Module) -> Result<prova_bytecode::Candidate, TranslateError> {
    Translator::new().translate(module, FuncIdx(0), &Settings::default())
}

/// `local.get 0; local.get 0; drop; drop; end`: two home slots.
const TWO_VALUES: [u8; 7] = [0x20, 0, 0x20, 0, 0x1a, 0x1a, 0x0b];

/// `values` times `local.get 0`, as many `drop`s, `end`.
fn deep(values: u32) -> Vec<u8> {
    let mut body = [0x20, 0].repeat(values as usize);
    body.extend(std::iter::repeat_n(0x1a, values as usize));
    body.push(0x0b);
    body
}

#[test]
fn the_greatest_frame_that_a_module_can_have_translates() {
    // The module's own limit on locals is below this one; a function comes here by its operand
    // stack.
    let values = FRAME_CELLS_MAX - 50_000;
    let candidate = translate(&function(50_000, &deep(values))).expect("the greatest frame");
    assert_eq!(candidate.frame_cells, FRAME_CELLS_MAX);
    let error = decode(50_000, &deep(values + 1)).expect_err("a greater frame");
    let (name, max, actual) = ("function_cells", 65_535, 65_536);
    assert_eq!(error.kind, prova_module::ErrorKind::Limit { name, max, actual });
}

/// A block of 1,000 results, left by `edges` conditional branches: the values are constants of two
/// words each, which every edge writes to the label's slots.
fn edges(edges: usize) -> Vec<u8> {
    let results = "i64 ".repeat(1_000);
    let values: String = (0..1_000).map(|i| format!("i64.const {} ", (1u64 << 40) + i)).collect();
    let branches = "local.get 0 br_if 0 ".repeat(edges);
    let drops = "drop ".repeat(1_000);
    let text = format!(
        "(module (func (param i32) (block (result {results}) {values} {branches}) {drops}))"
    );
    wat::parse_str(text).expect("valid text")
}

/// The most bytecode that a byte of Wasm buys.
#[test]
fn bytecode_for_a_byte_is_bounded() {
    let decode = |n| Module::decode(edges(n), &Features::default(), &Limits::default());
    let Limits { work_per_byte, .. } = Limits::default();
    let n = Limits::WORK_BASE / (Limits::WORK_OF_MOVE * 1_000);
    let code = edges(n as usize).len() as u64;
    let most = Limits::WORK_BASE + work_per_byte * code;
    // The bytes pay for some more than the base does.
    let module = decode(n as usize + 2).expect("within the limit");
    let error = decode(n as usize + 40).expect_err("beyond the limit");
    let prova_module::ErrorKind::Limit { name: "work_per_byte", .. } = error.kind else {
        panic!("{error}")
    };
    // Three words for four units of work, and two more for each byte.
    let words = translate(&module).expect("within the limits").words.len() as u64;
    assert!(words <= most * 3 / 4 + 2 * code, "{words} words of {code} bytes");
    assert!(words > most / 3, "{words} words of {code} bytes: this is not the worst");
}

#[test]
fn a_function_without_body_is_a_fault_of_the_caller() {
    let module = function(1, &TWO_VALUES);
    let error = Translator::new().translate(&module, FuncIdx(7), &Settings::default());
    assert!(matches!(error, Err(TranslateError::Bug { func: FuncIdx(7), .. })), "{error:?}");
    assert!(translate(&module).is_ok());
}

/// The buffers of a translator carry nothing from one function to the next, also not from one that
/// was refused.
#[test]
fn a_translator_is_as_new_after_each_function() {
    let module = module(
        &wat::parse_str(
            "(module
               (func (param i32) (result i32)
                 local.get 0 block local.get 0 br_if 0 i32.const 1 local.set 0 end)
               (func (param i64 i64) (result i64) local.get 1 local.get 0 local.set 1))",
        )
        .expect("valid text"),
    );
    let settings = Settings::default();
    let mut kept = Translator::new();
    for func in [0, 1, 0, 1, 9, 1, 0].map(FuncIdx) {
        let fresh = Translator::new().translate(&module, func, &settings);
        let again = kept.translate(&module, func, &settings);
        assert_eq!(fresh.as_ref().ok().map(|c| &c.words), again.as_ref().ok().map(|c| &c.words));
        assert_eq!(fresh.err(), again.err());
    }
}

/// Deep stacks below many blocks, many aliases of one local, many targets: code and hints stay
/// linear in the bytes. Green does not show that time does; a quadratic translator would need
/// minutes for these.
#[test]
fn hostile_bodies_stay_linear() {
    let repeat = |unit: &[u8], n: usize| unit.repeat(n);
    let n = 10_000;
    let mut constants_below_blocks = repeat(&[0x41, 1], n);
    constants_below_blocks.extend(repeat(&[0x02, 0x40, 0x0b], n));
    constants_below_blocks.extend(repeat(&[0x1a], n));
    let mut aliases_below_blocks = repeat(&[0x20, 0], n);
    aliases_below_blocks.extend(repeat(&[0x02, 0x40, 0x0b], n));
    aliases_below_blocks.extend(repeat(&[0x1a], n));
    let mut aliases_between_writes = repeat(&[0x20, 0, 0x41, 1, 0x21, 0], n);
    aliases_between_writes.extend(repeat(&[0x1a], n));
    let mut nested = repeat(&[0x41, 1, 0x02, 0x40], n);
    nested.extend(repeat(&[0x0b, 0x1a], n));
    let mut table = repeat(&[0x02, 0x40], 1000);
    table.extend([0x41, 0, 0x0e]);
    leb(&mut table, 100_000);
    table.extend((0..=100_000u32).flat_map(|i| {
        let mut depth = Vec::new();
        leb(&mut depth, i % 1001);
        depth
    }));
    table.extend(repeat(&[0x0b], 1000));
    for mut body in
        [constants_below_blocks, aliases_below_blocks, aliases_between_writes, nested, table]
    {
        body.push(0x0b);
        let candidate = translate(&function(1, &body)).expect("within the limits");
        assert!(candidate.words.len() <= 2 * body.len(), "{} words", candidate.words.len());
        assert!(candidate.map.len() <= body.len());
    }
}
