//! Helpers that the tests of the translator share: two tiny interpreters, a check of the shape of
//! candidates, an encoder.

#![allow(dead_code, reason = "each test binary uses its part")]

pub(crate) mod encode;
pub(crate) mod machine;
pub(crate) mod wasm;

use machine::Machine;
use prova_bytecode::{Candidate, CheckedBytecode, Class, Kind, Metering, Settings, decode};
use prova_module::{Features, FuncFacts, Limits, Module};
use prova_translate::Translator;
use wasm::Evaluator;

/// Both interpreters stop at the same back edge.
pub(crate) const BACK_EDGES_MAX: u32 = 12;

/// How a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// With results.
    Done,
    Trap,
    /// At back edge [`BACK_EDGES_MAX`].
    Capped,
}

pub(crate) fn module(bytes: &[u8]) -> Module {
    Module::decode(bytes, &Features::default(), &Limits::default()).expect("the module is valid")
}

/// Translates all functions of a module without imports.
pub(crate) fn translate_all(
    translator: &mut Translator,
    module: &Module,
    settings: &Settings,
) -> Vec<(Candidate, FuncFacts)> {
    let translate = |func| {
        let facts = module.facts(func).expect("a defined function has facts").clone();
        let candidate = translator.translate(module, func, settings);
        let candidate = candidate.unwrap_or_else(|error| panic!("{error}"));
        shape(&candidate, &facts, settings);
        let checked = CheckedBytecode::check(module, settings, candidate.clone());
        checked.unwrap_or_else(|error| panic!("{error}"));
        (candidate, facts)
    };
    module.defined_funcs().map(translate).collect()
}

/// The shape that each candidate must have, independent of its results: code that decodes without
/// gaps, targets and hints at instruction starts, slots inside the frame, order in map and hints,
/// the frame within its charge.
pub(crate) fn shape(candidate: &Candidate, facts: &FuncFacts, settings: &Settings) {
    let words = &candidate.words;
    let mut starts = vec![false; words.len() + 1];
    starts[words.len()] = true;
    let (mut at, mut last, mut charged) = (0, None, 0);
    while (at as usize) < words.len() {
        starts[at as usize] = true;
        let inst = decode(words, at).expect("the code decodes");
        charged += if inst.op.class() == Class::charge { 1 } else { 0 };
        last = Some(inst);
        at = inst.next;
    }
    assert_eq!(at as usize, words.len());
    assert!(last.is_some_and(|inst| inst.op.class().is_terminator()), "control ends");
    assert!(u64::from(candidate.frame_cells) * 8 <= facts.charge_bytes());
    if settings.metering.has_fuel() {
        assert_eq!(charged, facts.segments.len(), "a charge for each segment");
    } else {
        assert_eq!(charged, 0);
    }
    at = 0;
    while (at as usize) < words.len() {
        let inst = decode(words, at).expect("the code decodes");
        let mut targets: Vec<i32> =
            inst.table_targets(words).iter().map(|&word| word as i32).collect();
        for (i, operand) in inst.op.operands().iter().enumerate() {
            let value = inst.values[i];
            match operand.kind {
                Kind::rel => targets.push(value as i32),
                Kind::win => assert!(value <= candidate.frame_cells.into(), "{inst:?}"),
                kind if kind.cells() != 0 => {
                    let end = value + u64::from(kind.cells());
                    assert!(end <= candidate.frame_cells.into(), "{inst:?}");
                }
                _ => {}
            }
        }
        for offset in targets {
            let target = inst.target(offset).expect("a target in the code");
            assert!((target as usize) < words.len() && starts[target as usize], "{inst:?}");
        }
        at = inst.next;
    }
    assert!(candidate.map.is_sorted_by(|a, b| a.word < b.word), "{:?}", candidate.map);
    assert!(candidate.map.iter().all(|entry| starts[entry.word as usize]));
    assert!(candidate.map.first().is_some_and(|entry| entry.word == 0));
    assert!(candidate.controls.is_sorted_by(|a, b| a.offset < b.offset && a.word <= b.word));
    for hint in &candidate.controls {
        assert!(starts[hint.word as usize], "{hint:?}");
    }
}

/// Runs function `func` in both interpreters and compares outcome, results, globals, back edges,
/// and the fuel of a run that ends with results.
pub(crate) fn compare(
    module: &Module,
    evaluator: &mut Evaluator<'_>,
    code: &[(Candidate, FuncFacts)],
    func: usize,
    arguments: &[u64],
    metering: Metering,
) -> (Outcome, Vec<u64>) {
    let results = code[func].1.result_cells as usize;
    let globals = vec![0; module.globals().len()];
    let mut machine = Machine { code, globals: globals.clone(), back_edges: 0, charged: 0 };
    let mut cells = arguments.to_vec();
    let outcome = machine.run(func, &mut cells, 0);
    evaluator.globals = globals;
    evaluator.back_edges = 0;
    evaluator.cost = 0;
    let mut stack = arguments.to_vec();
    let expected = evaluator.run(func, &mut stack);
    assert_eq!(outcome, expected, "func {func} with {arguments:x?}");
    assert_eq!(machine.globals, evaluator.globals);
    assert_eq!(machine.back_edges, evaluator.back_edges);
    if outcome == Outcome::Done {
        if metering.has_fuel() {
            assert_eq!(machine.charged, evaluator.cost, "func {func} with {arguments:x?}");
        }
        assert_eq!(cells[..results], stack[..], "func {func} with {arguments:x?}");
        cells.truncate(results);
    } else {
        cells.clear();
    }
    (outcome, cells)
}
