//! Rows of control: a function in which the operator decides where control goes, for each class.
//!
//! `{op}` stands for the mnemonic; the immediates are those of the class (`form`).

use crate::sides::attach::NoBytecode;
use crate::sides::run::{Setup, store};
use prova_core::Tier;
use prova_module::ops::{Class, Opcode, Row};
use prova_module::{CLAUSE_ASKED_COST, Features, Limits, Module, THROW_COST};
use prova_runtime::{Cell, Extern, Metering, Settings, TrapKind};
use std::sync::Arc;

/// A call: arguments, outcome, and what the operators around the row's cost.
pub(super) type Case = (&'static [Cell], Result<&'static [Cell], TrapKind>, u64);

/// Fuel of each call.
const FUEL: u64 = 1 << 20;

const SWAP: &str = "(type $t (func (param i32 i64) (result i64 i32))) (table 2 funcref) (elem (i32.const 1) func $g)
    (func $g (type $t) local.get 1 local.get 0)";

/// The cost of a throw besides its operator, to the first clause of the function that throws.
const CAUGHT: u64 = THROW_COST + CLAUSE_ASKED_COST;

const ONE: &str = "(param i32) (result i32)";
const TWO: &str = "(param i32 i32) (result i32)";
const SWAPS: &str = "(param i32 i64) (result i64 i32)";
const CHOOSES: &str = "(param i32 i64 i32) (result i64 i32)";
const NONE: Case = (&[5, 6, 0], Err(TrapKind::UninitializedElement), 3);
const BEYOND: Case = (&[5, 6, 2], Err(TrapKind::UndefinedElement), 3);

/// The function of each class of control, by type and body, with its calls.
const TEMPLATES: &[(Class, &str, &str, &[Case])] = &[
    (Class::unreachable, "", "{op}", &[(&[], Err(TrapKind::Unreachable), 0)]),
    (Class::block, ONE,
            "local.get 0 {op} (param i32) (result i32) br 0 end i32.const 1 i32.add",
            &[(&[5], Ok(&[6]), 4)]),
    (Class::loop_, "(param i32) (result i32) (local i32)",
            "local.get 0 {op} (param i32) (result i32)
                local.tee 0 local.get 1 i32.add local.set 1
                local.get 0 i32.const 1 i32.sub local.tee 0 local.get 0 br_if 0
            end drop local.get 1",
            &[(&[3], Ok(&[6]), 32), (&[1], Ok(&[1]), 12)]),
    (Class::if_, TWO,
            "local.get 0 local.get 1 {op} (param i32) (result i32)
            i32.const 1 i32.add else i32.const 2 i32.add i32.const 3 i32.add end",
            &[(&[5, 1], Ok(&[6]), 4), (&[5, 0], Ok(&[10]), 6)]),
    (Class::else_, TWO,
            "local.get 0 local.get 1 if (param i32) (result i32)
            i32.const 1 i32.add {op} i32.const 2 i32.add i32.const 3 i32.add end",
            &[(&[5, 1], Ok(&[6]), 5), (&[5, 0], Ok(&[10]), 7)]),
    (Class::end, TWO,
            "local.get 0 local.get 1 if (param i32) (result i32)
            i32.const 1 i32.add {op} i32.const 2 i32.add",
            &[(&[5, 1], Ok(&[8]), 7), (&[5, 0], Ok(&[7]), 5)]),
    (Class::br, ONE,
            "block (result i32) i32.const 9 local.get 0 {op} 0 end i32.const 1 i32.add",
            &[(&[5], Ok(&[6]), 4)]),
    (Class::br_if, TWO,
            "block (result i32) local.get 0 local.get 1 {op} 0 i32.const 1 i32.add end",
            &[(&[5, 1], Ok(&[5]), 2), (&[5, 0], Ok(&[6]), 4)]),
    (Class::br_table, ONE,
            "block block block local.get 0 {op} 0 1 2 end i32.const 10 return end i32.const 20 return end
            i32.const 30",
            &[(&[0], Ok(&[10]), 2), (&[1], Ok(&[20]), 2), (&[2], Ok(&[30]), 2), (&[9], Ok(&[30]), 2)]),
    (Class::br_on_null, ONE,
            "block local.get 0 if (result funcref) ref.func $g else ref.null func end
            {op} 0 drop i32.const 1 return end i32.const 2",
            &[(&[1], Ok(&[1]), 4), (&[0], Ok(&[2]), 4)]),
    (Class::br_on_non_null, ONE,
            "block (result (ref func)) local.get 0 if (result funcref) ref.func $g else ref.null func end
            {op} 0 i32.const 1 return end drop i32.const 2",
            &[(&[1], Ok(&[2]), 4), (&[0], Ok(&[1]), 4)]),
    (Class::return_, ONE, "block i32.const 9 local.get 0 {op} end i32.const 1", &[(&[5], Ok(&[5]), 2)]),
    (Class::call, SWAPS, "local.get 0 local.get 1 {op} $g i32.const 1 i32.add", &[(&[5, 6], Ok(&[6, 6]), 6)]),
    (Class::return_call, SWAPS, "local.get 0 local.get 1 {op} $g", &[(&[5, 6], Ok(&[6, 5]), 4)]),
    (Class::call_ref, SWAPS, "local.get 0 local.get 1 ref.func $g {op} $t i32.const 1 i32.add", &[(&[5, 6], Ok(&[6, 6]), 7)]),
    (Class::return_call_ref, SWAPS, "local.get 0 local.get 1 ref.func $g {op} $t", &[(&[5, 6], Ok(&[6, 5]), 5)]),
    (Class::call_indirect, CHOOSES, "local.get 0 local.get 1 local.get 2 {op} (type $t) i32.const 1 i32.add", &[(&[5, 6, 1], Ok(&[6, 6]), 7), NONE, BEYOND]),
    (Class::return_call_indirect, CHOOSES, "local.get 0 local.get 1 local.get 2 {op} (type $t)", &[(&[5, 6, 1], Ok(&[6, 5]), 5), NONE, BEYOND]),
    (Class::throw, ONE, "block (result i32) try_table (catch $e 0) local.get 0 {op} $e end i32.const 1 return end", &[(&[5], Ok(&[5]), 1 + CAUGHT)]),
    (Class::try_table, ONE, "block (result i32) {op} (catch $e 0) local.get 0 throw $e end i32.const 1 return end", &[(&[5], Ok(&[5]), 2 + CAUGHT)]),
    (Class::throw_ref, ONE, "block (result i32) try_table (catch $e 0)
        block (result i32 exnref) try_table (catch_ref $e 0) local.get 0 throw $e end unreachable end
        {op} end unreachable end", &[(&[5], Ok(&[5]), 2 + 2 * CAUGHT)]),
];

/// The fault of a row of control.
pub(super) fn fault(row: &Row) -> Option<String> {
    let template = TEMPLATES.iter().find(|(class, ..)| *class == row.class);
    let Some((_, ty, body, cases)) = template else {
        return Some(format!("class {:?} is no control", row.class));
    };
    let body = body.replace("{op}", row.mnemonic);
    let text = format!(r#"(module {SWAP} (tag $e (param i32)) (func (export "f") {ty} {body}))"#);
    run(row, &text, cases).err()
}

/// Runs a module's second function, and compares outcomes and fuel.
pub(super) fn run(row: &Row, text: &str, cases: &[Case]) -> Result<(), String> {
    let bytes = wat::parse_str(text).map_err(|error| format!("no text: {error}"))?;
    let module = Module::decode(bytes, &Features::default(), &Limits::default())
        .map_err(|error| format!("no valid module: {error}"))?;
    let body = module.defined_funcs().nth(1).and_then(|func| module.body(func));
    let mut operators = body.ok_or("there is no `f`")?.operators().into_iter();
    if !operators.any(|operator| operator.is_ok_and(|operator| Opcode::of(&operator) == row.opcode))
    {
        return Err(format!("`{}` is another operator's mnemonic", row.mnemonic));
    }
    for &(args, expected, others) in cases {
        let settings = Settings { metering: Metering::Fuel, deterministic: true };
        let mut engine = store(Setup { tier: Tier::Reference, settings });
        let instance = engine
            .instantiate(&mut (), &module, &[], Arc::new(NoBytecode))
            .map_err(|error| error.to_string())?;
        let func = engine.instance(instance).export("f").and_then(Extern::func);
        let func = func.ok_or("a missing export")?;
        engine.set_fuel(FUEL);
        let mut results = vec![0; engine.func_cells(func).1];
        let outcome = engine.call(&mut (), func, args, &mut results);
        let used = FUEL - engine.fuel();
        let outcome = outcome.map(|()| &results[..]).map_err(|trap| trap.kind);
        if outcome != expected {
            return Err(format!("{outcome:?}, should be {expected:?}, on {args:?}"));
        }
        if used != others + row.cost {
            return Err(format!("it costs {used} on {args:?}"));
        }
    }
    Ok(())
}
