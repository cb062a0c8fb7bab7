//! Stores one after another, each of which finds what the one before has left: records of machine
//! code, ways and entries. Results do not depend on them.

use prova::{
    Caller, Config, Engine, Func, Instance, Linker, Module, PoolingAllocationConfig, Result, Store,
    Tag, Tier, Val,
};

/// Calls by index, by reference and of the host, in both directions.
const CALLS: &str = r#"(module
    (type $of (func (param i32) (result i32)))
    (import "host" "add" (func $add (type $of)))
    (memory (export "memory") 1 2) (global $calls (mut i32) (i32.const 0))
    (table 4 funcref) (elem (i32.const 0) $add $double $fact $spare)
    (func $double (type $of) (i32.mul (local.get 0) (i32.const 2)))
    (func $spare (type $of) (i32.sub (local.get 0) (i32.const 1)))
    (func $fact (type $of)
      (if (result i32) (local.get 0)
        (then (i32.mul (local.get 0) (call $fact (call $spare (local.get 0)))))
        (else (i32.const 1))))
    (func (export "run") (param $which i32) (param $n i32) (result i32)
      (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
      (i32.store (i32.mul (memory.size) (i32.const 4)) (global.get $calls))
      (i32.add (i32.mul (global.get $calls) (i32.const 100000))
        (call_indirect (type $of) (local.get $n) (local.get $which)))))"#;

/// Another module, whose types have other numbers.
const OTHER: &str = r#"(module
    (type (func (param f64) (result f64))) (type $of (func (param i32) (result i32)))
    (import "host" "add" (func $add (type $of))) (memory (export "memory") 1 2)
    (func (type 0) (local.get 0))
    (func (export "run") (param i32 i32) (result i32) (call $add (local.get 1))))"#;

/// The answers of the instances of a store with `hosts` functions before them.
fn answers(engine: &Engine, hosts: usize, of: &[&Module]) -> Result<Vec<i32>> {
    let mut linker: Linker<i32> = Linker::new(engine);
    linker.func_wrap("host", "add", |mut caller: Caller<'_, i32>, n: i32| {
        *caller.data_mut() += 1;
        n + *caller.data()
    })?;
    let mut store = Store::new(engine, 0);
    for _ in 0..hosts {
        Func::wrap(&mut store, |n: f64| n);
    }
    let mut answers = Vec::new();
    for module in of {
        let instance = linker.instantiate_pre(module)?.instantiate(&mut store)?;
        let run = instance.get_typed_func::<(i32, i32), i32>(&mut store, "run")?;
        for (which, n) in [(0, 5), (1, 6), (2, 7), (3, 8), (2, 3)] {
            answers.push(run.call(&mut store, (which, n))?);
        }
        let memory = instance.get_memory(&mut store, "memory").expect("it is exported");
        memory.grow(&mut store, 1)?;
        answers.push(run.call(&mut store, (1, 1))?);
    }
    Ok(answers)
}

/// The answers of stores one after another, of these kinds.
fn of_all(engine: &Engine) -> Result<Vec<Vec<i32>>> {
    let module = |text: &str| Module::new(engine, text);
    let (calls, again, other) = (module(CALLS)?, module(CALLS)?, module(OTHER)?);
    let stores: [(usize, &[&Module]); 12] = [
        (0, &[&calls]),
        (0, &[&calls]),
        (0, &[&calls, &calls]),
        (0, &[&calls]),
        (3, &[&calls]),
        (3, &[&calls]),
        (0, &[&other]),
        (0, &[&calls, &other]),
        (0, &[&again]),
        (0, &[&calls]),
        (1, &[&other, &calls]),
        (0, &[&calls]),
    ];
    stores.into_iter().map(|(hosts, of)| answers(engine, hosts, of)).collect()
}

#[test]
fn what_a_store_answers_does_not_depend_on_those_before() -> Result<()> {
    let mut pool = PoolingAllocationConfig::new();
    pool.max_unused_warm_slots(0);
    let mut alone = Config::new();
    alone.tier(Tier::TAIL).allocation_strategy(pool);
    let expected = of_all(&Engine::new(&alone)?)?;
    assert_eq!(expected[0], [100_006, 200_012, 305_040, 400_007, 500_006, 600_002]);
    for (name, engine) in crate::engines() {
        for (at, (found, expected)) in of_all(&engine)?.iter().zip(&expected).enumerate() {
            assert_eq!(found, expected, "{name}, store {at}");
        }
    }
    Ok(())
}

/// Takes functions of a type that has subtypes, and calls one.
const OPEN: &str = r#"(module
    (type $open (sub (func (param i32) (result i32))))
    (import "host" "f" (func $f (type $open)))
    (func (export "run") (param i32) (result i32) (call $f (local.get 0))))"#;

/// Names a subtype of that type; it is never instantiated.
const SUBTYPES: &str = r#"(module
    (type $open (sub (func (param i32) (result i32))))
    (type $sub (sub $open (func (param i32) (result i32))))
    (type $other (func (param i32) (result i32)))
    (import "host" "exact" (func (type $open)))
    (import "host" "sub" (func (type $sub)))
    (import "host" "other" (func (type $other))))"#;

/// A function of the host may be of a subtype of an import's type. No module of the store has that
/// type, so no ways to functions of it come with one.
#[test]
fn a_function_of_the_host_is_of_a_subtype() -> Result<()> {
    for (name, engine) in crate::engines() {
        let open = Module::new(&engine, OPEN)?;
        let types = Module::new(&engine, SUBTYPES)?;
        let ty = |at: usize| types.imports().nth(at).and_then(|import| import.ty().func().cloned());
        // In stores one after another, each of which finds what the one before has left.
        for (number, at) in [0, 1, 0, 1, 1].into_iter().enumerate() {
            let mut store = Store::new(&engine, 0);
            let ty = ty(at).expect("it is a function");
            let f = Func::new(&mut store, ty, |mut caller, values, out| {
                *caller.data_mut() += 1;
                out[0] = Val::I32(values[0].unwrap_i32() * 10 + *caller.data());
                Ok(())
            });
            let instance = Instance::new(&mut store, &open, &[f.into()])?;
            let run = instance.get_typed_func::<i32, i32>(&mut store, "run")?;
            let answers = [run.call(&mut store, 4)?, run.call(&mut store, 5)?];
            assert_eq!(answers, [41, 52], "{name}, store {number}");
        }
        let mut store = Store::new(&engine, 0);
        let other = ty(2).expect("it is a function");
        let other = Func::new(&mut store, other, |_, _, _| Ok(()));
        Instance::new(&mut store, &open, &[other.into()]).expect_err("it is of no subtype");
    }
    Ok(())
}

/// Imports a tag of a type that is in a group, and one of the type with the same values alone.
const TAGS: &str = r#"(module
    (rec (type $paired (func (param i32))) (type $other (func (param i64))))
    (type $alone (func (param i32)))
    (import "host" "paired" (tag (type $paired)))
    (import "host" "alone" (tag (type $alone))))"#;

#[test]
fn a_tag_of_the_host_keeps_the_group_of_its_type() -> Result<()> {
    for (name, engine) in crate::engines() {
        let module = Module::new(&engine, TAGS)?;
        let mut store = Store::new(&engine, 0);
        let [paired, alone] = [0, 1].map(|at| {
            let import = module.imports().nth(at).expect("there are two");
            let ty = import.ty().tag().cloned().expect("it is a tag");
            Tag::new(&mut store, &ty).expect("it has no results")
        });
        Instance::new(&mut store, &module, &[paired.into(), alone.into()])?;
        for of_others in [[alone, alone], [paired, paired], [alone, paired]] {
            let imports = of_others.map(Into::into);
            let refused = Instance::new(&mut store, &module, &imports);
            assert!(refused.is_err(), "{name}: a tag of another type");
        }
    }
    Ok(())
}
