//! The limits of translation from both sides, and bodies that would make a careless translator quadratic.

mod support;

use prova_bytecode::Settings;
use prova_module::{Features, FuncIdx, Limits, Module};
use prova_translate::{FRAME_CELLS_MAX, TranslateError, Translator};
use support::encode::{Encoder, I32, leb};
use support::module;

fn function(locals: u32, operators: &[u8]) -> Module {
    let mut encoder = Encoder::new(&[(&[], &[])], &[(locals, I32)]);
    encoder.function(operators);
    let limits = Limits { locals_per_function: 1 << 20, ..Limits::default() };
    Module::decode(encoder.finish(), &Features::default(), &limits).expect("the module is valid")
}

fn translate(module: &Module) -> Result<prova_bytecode::Candidate, TranslateError> {
    Translator::new().translate(module, FuncIdx(0), &Settings::default())
}

/// `local.get 0; local.get 0; drop; drop; end`: two home slots.
const TWO_VALUES: [u8; 7] = [0x20, 0, 0x20, 0, 0x1a, 0x1a, 0x0b];

#[test]
fn the_greatest_frame_translates_and_a_greater_one_is_refused() {
    // The module's own limit on locals is below this one; a function comes here by its operand stack.
    let limit = 50_000;
    let mut deep = Vec::new();
    let values = FRAME_CELLS_MAX - limit;
    for _ in 0..values {
        deep.extend([0x20, 0]);
    }
    deep.extend(std::iter::repeat_n(0x1a, values as usize));
    deep.push(0x0b);
    let candidate = translate(&function(limit, &deep)).expect("the greatest frame");
    assert_eq!(candidate.frame_cells, FRAME_CELLS_MAX);

    let mut deeper = vec![0x20, 0];
    deeper.extend(&deep[..deep.len() - 1]);
    deeper.extend([0x1a, 0x0b]);
    let error = translate(&function(limit, &deeper)).expect_err("a greater frame");
    let TranslateError::Limit { name, max, actual, .. } = error else { panic!("{error}") };
    assert_eq!((name, max, actual), ("frame_cells", 65_535, 65_536));
    let text = translate(&function(limit, &deeper)).expect_err("again").to_string();
    assert!(text.ends_with("limit frame_cells exceeded: 65536, at most 65535"), "{text}");
}

#[test]
fn a_function_without_body_is_a_fault_of_the_caller() {
    let module = function(1, &TWO_VALUES);
    let error = Translator::new().translate(&module, FuncIdx(7), &Settings::default());
    assert!(matches!(error, Err(TranslateError::Bug { func: FuncIdx(7), .. })), "{error:?}");
    assert!(translate(&module).is_ok());
}

/// The buffers of a translator carry nothing from one function to the next, also not from one that was refused.
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

/// Deep stacks below many blocks, many aliases of one local, many targets: code and hints stay linear in the bytes.
/// Green does not show that time does; a quadratic translator would need minutes for these.
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
        assert!(candidate.constants.len() <= 8 * body.len(), "{}", candidate.constants.len());
        assert!(candidate.map.len() <= body.len());
    }
}
