//! Planted faults of the translator, each of which the check must see in one of a few named functions.
//!
//! `RUSTFLAGS='--cfg prova_plant' cargo test -p prova-translate --test plants -- --nocapture` builds the translator once
//! with all plants; each is chosen while it runs, and its refusal is printed with the rule. Without the flag nothing of
//! this is compiled.
//!
//! The plants are the mutations of a translator that the proof has to catch, by their numbers in the design: 1 to 11, 12 to
//! 22, 25 to 27, 29, 30, 34, and the faults by which an older translator of another engine ran programs wrongly. Not planted
//! here: 23 (the call machinery zeroes locals), 24 and 28 (there are no accumulators), 31 (no handlers yet), 32 (no GC), 33 and
//! 35 (an executor's work).
//!
//! Green does not show that every function with such a fault is refused: a fault may compute the same in some.
#![cfg(prova_plant)]

use prova_bytecode::{CheckedBytecode, Metering, Settings};
use prova_module::{Features, Limits, Module};
use prova_translate::Translator;
use prova_translate::plant::{Plant, plant};

const CASES: &[(&str, &str)] = &[
    (
        "overwritten on one path",
        "(func (param i32 i32) (result i32)
            local.get 0 block local.get 1 br_if 0 i32.const 10 local.set 0 end)",
    ),
    (
        "two locals overwritten in nested blocks",
        "(func (param i32 i32 i32 i32) (result i32 i32) local.get 0 local.get 1
            block local.get 2 br_if 0 i32.const 10 local.set 0
                block local.get 3 br_if 1 i32.const 20 local.set 1 end end)",
    ),
    (
        "overwritten in a loop",
        "(func (param i32 i32 i32) (result i32) local.get 0
            loop local.get 1 local.set 0 local.get 2 i32.const 0 local.set 2 br_if 0 end)",
    ),
    (
        "renamed, with aliases",
        "(func (param i32 i32) (result i32) local.get 0 local.get 0 local.get 1 local.get 0 i32.div_u
            local.set 0 i32.add local.get 0 i32.sub)",
    ),
    ("a vector", "(func (param v128 v128) (result v128) local.get 0 local.get 1 local.set 0)"),
    (
        "operators",
        "(func (param i32 i32 i64 i64) (result i32) local.get 2 local.get 3 i64.add drop
            local.get 0 local.get 1 i32.sub local.get 1 i32.shl local.get 0 i32.lt_s
            local.get 1 i32.load8_s i32.add)",
    ),
    ("stores", "(func (param i32 i32) local.get 0 local.get 1 i32.store8
        local.get 0 local.get 1 i32.store local.get 1 local.get 0 i32.store
        local.get 0 i32.load offset=70000 drop local.get 0 i32.load 1 drop local.get 0 i32.load drop)"),
    ("a branch", "(func (param i32) (result i32) block (result i32) i32.const 1 local.get 0 br_if 0
        drop i32.const 2 end)"),
    ("an if", "(func (param i32) (result i32) local.get 0 if (result i32) i32.const 1 else i32.const 2 end)"),
    ("floats", "(func (param f32 f32) (result i32) local.get 0 local.get 1 f32.lt
        if (result i32) i32.const 1 else local.get 0 local.get 1 f32.add i32.trunc_sat_f32_s end)"),
    (
        "a table",
        "(func (param i32) (result i32) block block local.get 0 br_table 0 1 end i32.const 1 return end i32.const 2)",
    ),
    (
        "a table with values",
        "(func (param i32) (result i32) block (result i32) i32.const 9
            block (result i32) local.get 0 local.get 0 br_table 0 1 end i32.add end)",
    ),
    ("narrow", "(func (param i64 i64) (result i64) local.get 0 local.get 1 i64.add)"),
    ("results", "(func (param i32 i32 i32) (result i32 i32 i32) local.get 1 local.get 0 local.get 2)"),
    ("calls", "(func (param i32 i32) (result i32) local.get 0 local.get 1 local.get 0 call 0
        global.get 0 i32.add local.get 1 local.get 1 local.get 0 call_indirect (type 1) i32.add i32.add)"),
    (
        "a comparison before a label",
        "(func (param i32 i32) (result i32) block (result i32) i32.const 1 local.get 0 br_if 0 drop
            local.get 0 local.get 1 i32.lt_s end if (result i32) i32.const 5 else i32.const 6 end)",
    ),
    ("two results", "(func (param i64 i64) (result i64) (local i64) local.get 0 local.get 1 i64.mul_wide_u
        local.set 2 drop local.get 2)"),
    ("two results, low first", "(func (param i64 i64) (result i64 i64) local.get 0 local.get 1 i64.mul_wide_u)"),
    ("a constant below a block", "(func (param i32) (result i32) i32.const 7 block local.get 0 br_if 0 end
        i32.const 1 i32.add)"),
    ("a division that a local.set takes", "(func (param i32 i32) (result i32) local.get 0 local.get 0 local.get 1
        i32.div_s local.set 0)"),
];

const PLANTS: &[(&str, Plant)] = &[
    ("1", Plant::PreservationDropped),
    ("2, before wasmi#945", Plant::NoPreservationAtRegions),
    ("3, wasmi#1749", Plant::NoPreservationAtLoops),
    ("4, wasmi#948", Plant::PreservedIntoASourceOfTheRenamed),
    ("5", Plant::OneOfTwoPositionsPreserved),
    ("6", Plant::HalfAVectorPreserved),
    ("7", Plant::OperandsSwapped),
    ("8", Plant::SignChanged),
    ("8", Plant::LoadWidthChanged),
    ("9", Plant::NarrowOperator),
    ("10", Plant::BranchInverted),
    ("11", Plant::FloatComparisonNegatedAsInteger),
    ("12", Plant::TargetTooFar),
    ("13", Plant::TableEntriesSwapped),
    ("13", Plant::TableDefaultDropped),
    ("14", Plant::OffsetPlusOne),
    ("14", Plant::OffsetCut),
    ("14", Plant::MemoryIndexChanged),
    ("14", Plant::GlobalIndexChanged),
    ("14", Plant::FuncIndexChanged),
    ("14", Plant::TypeIndexChanged),
    ("14", Plant::TableIndexChanged),
    ("15", Plant::StoresReordered),
    ("16", Plant::DeadLoadDropped),
    ("17", Plant::StoreTwice),
    ("18", Plant::ConstantChanged),
    ("19", Plant::MovesSerialised),
    ("20", Plant::EdgeWithoutMoves),
    ("21", Plant::WindowShifted),
    ("22", Plant::FrameTooSmall),
    ("25", Plant::FusedOverALabel),
    ("26", Plant::WideHalvesSwapped),
    ("27", Plant::WrongResultRenamed),
    ("29", Plant::ChargePlusOne),
    ("29", Plant::ChargeTwice),
    ("29", Plant::ChargeMissing),
    ("29", Plant::PollMissing),
    ("30", Plant::TrapOffsetWrong),
    ("34", Plant::TrailingCode),
    ("deterministic", Plant::CanonicalizeMissing),
    ("hints", Plant::HintConstantWrong),
];

fn module(func: &str) -> Module {
    let wat = format!(
        "(module (memory 1) (memory 1) (global i32 (i32.const 0)) (global i32 (i32.const 1))
            (table 1 funcref) (table 1 funcref)
            (func (param i32 i32) (result i32) unreachable) (func (param i32 i32) (result i32) unreachable)
            (type (func (param i32 i32) (result i32))) (type (func (param i32 i32) (result i32))) {func})"
    );
    let bytes = wat::parse_str(&wat).expect("the module is well-formed");
    Module::decode(bytes, &Features::default(), &Limits::default()).expect("the module is valid")
}

/// The refusals of all cases with a plant.
fn refusals(planted: Plant) -> Vec<String> {
    let mut refused = Vec::new();
    for (name, func) in CASES {
        let module = module(func);
        for metering in [Metering::None, Metering::Fuel, Metering::Epoch] {
            let settings = Settings { metering, deterministic: metering == Metering::Fuel };
            for func in module.defined_funcs() {
                plant(planted);
                let candidate = Translator::new().translate(&module, func, &settings);
                plant(Plant::None);
                let candidate = candidate.expect("a plant leaves the translator at work");
                if let Err(error) = CheckedBytecode::check(&module, &settings, candidate) {
                    refused.push(format!("{name}: {error}"));
                }
            }
        }
    }
    refused
}

#[test]
fn honest_translations_are_accepted() {
    assert_eq!(refusals(Plant::None), Vec::<String>::new());
}

#[test]
fn every_planted_fault_is_refused() {
    let mut unseen = Vec::new();
    for &(number, planted) in PLANTS {
        match refusals(planted).first() {
            Some(refusal) => println!("{number} {planted:?}\n    {refusal}"),
            None => unseen.push(planted),
        }
    }
    assert!(unseen.is_empty(), "{unseen:?}");
}
