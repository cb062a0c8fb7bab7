//! Faults planted where a loop goes on in machine code, each of which must be seen: by the short
//! form of the campaign of swaps, or by a recursion on stacks of many sizes, whose depth tells what
//! a frame was charged (generated functions seldom reach the end of a stack in a loop).
//!
//! `RUSTFLAGS='--cfg prova_plant' cargo test --target-dir target/plants -p prova-testing --test
//! swap_plants` runs it; without the flag it has no tests. The first case that differs is printed.
//!
//! A green run does not show that a fault of the code itself is seen: these are of the way into it.

#![cfg(all(prova_plant, target_os = "linux", target_arch = "x86_64"))]

use prova_core::{Config, Engine, Instance, Module, Store, Tier};
use prova_native::NativeCompiler;
use prova_runtime::plant::{Plant, ROUNDS, plant};
use prova_testing::agree::native::campaign;
use prova_testing::campaign::Options;
use prova_testing::generate::Generator;
use prova_testing::suites::spec::AT_ONCE;

/// Each call goes through a loop before it calls itself.
const DEEP: &str = r#"(module
  (global $depth (export "depth") (mut i32) (i32.const 0))
  (func $deep (export "deep") (local $i i32)
    (loop $again
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (i32.const 9))))
    (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
    (call $deep)))"#;

/// How deep the recursion comes on a stack of a size, and how many loops went over.
fn depth(config: &mut Config, stack_bytes: usize) -> (Option<i32>, usize) {
    let engine = Engine::new(config.max_wasm_stack(stack_bytes)).expect("a configuration");
    let module = Module::new(&engine, wat::parse_str(DEEP).expect("text")).expect("a module");
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).expect("an instance");
    let deep = instance.get_typed_func::<(), ()>(&mut store, "deep").expect("a function");
    assert!(deep.call(&mut store, ()).is_err());
    let depth = instance.get_global(&mut store, "depth").expect("a global");
    (depth.get(&mut store).i32(), module.tiers().loops.len())
}

/// The first size of a stack on which the recursion comes elsewhere than as bytecode.
fn depths() -> Result<(), String> {
    for stack_bytes in (4096..4500).step_by(8) {
        let (bytecode, _) = depth(Config::new().tier(Tier::TAIL), stack_bytes);
        let mut swaps = Config::new();
        swaps.native(NativeCompiler::new()).tier_up(Some(AT_ONCE));
        let (swapped, loops) = depth(&mut swaps, stack_bytes);
        assert_eq!(loops, 1);
        if swapped != bytecode {
            return Err(format!("a stack of {stack_bytes} bytes: {bytecode:?}, {swapped:?}"));
        }
    }
    Ok(())
}

#[test]
fn every_fault_of_a_swap_is_seen() {
    let (generator, seed, modules, funcs) = (Generator::Biased, 3, 300, 12);
    let options = Options { generator, seed, modules, funcs, ..Options::default() };
    let run = || campaign(&options, true);
    for &fault in ROUNDS {
        plant(fault);
        let ran = run().err().or_else(|| depths().err());
        plant(Plant::None);
        let seen = ran.unwrap_or_else(|| panic!("{fault:?} is not seen"));
        println!("{fault:?}: {}", seen.lines().next().unwrap_or_default());
    }
    assert_eq!(depths(), Ok(()));
    let tally = run().expect("they agree");
    assert!(tally.entered > 50, "{tally:?}");
}
