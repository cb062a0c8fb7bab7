//! Limits that a program meets, alike in every tier.
//!
//! A green run does not cover each limit by itself (`crates/module/tests/limits.rs`,
//! `crates/runtime/tests/store/limits.rs`).

use crate::common::{each_tier, module, trap_of};
use prova_core::*;

#[test]
fn a_function_of_too_many_cells_is_refused_when_it_is_loaded() {
    each_tier(
        |_| {},
        |engine| {
            let function = |locals: usize| {
                let locals = "v128 ".repeat(locals);
                module(engine, &format!("(module (func (export \"f\") (local {locals})))"))
            };
            for locals in [32_768, 50_000] {
                let error = function(locals).expect_err("too many cells");
                assert_eq!(ErrorKind::of(&error), Some(ErrorKind::Unsupported), "{error:?}");
                let words = format!(
                    "limit function_cells exceeded: {} cells of one function, at most 65535",
                    2 * locals
                );
                assert!(error.to_string().contains(&words), "{error:?}");
            }
            let mut store = Store::new(engine, ());
            let instance = Instance::new(&mut store, &function(32_767)?, &[])?;
            instance.get_typed_func::<(), ()>(&store, "f")?.call(&mut store, ())
        },
    );
}

const GROWS: &str = r#"(module
    (memory 1) (memory i64 1) (table 8 funcref)
    (elem declare func $f) (func $f)
    (func (export "memory") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "memory64") (param i32) (result i32)
      (i32.wrap_i64 (memory.grow 1 (i64.extend_i32_u (local.get 0)))))
    (func (export "table") (param i32) (result i32)
      (table.grow (ref.func $f) (local.get 0)))
    (func (export "null") (param i32) (result i32)
      (table.grow (ref.null func) (local.get 0))))"#;

/// Two pages of memory, and a table of 64 bytes.
const START: usize = 2 * 65536 + 64;

#[test]
fn memories_and_tables_grow_within_one_budget() {
    each_tier(
        |_| {},
        |engine| {
            let module = module(engine, GROWS)?;
            let with = |bytes: usize, trap: bool| {
                let limits = StoreLimitsBuilder::new().store_size(bytes);
                let limits = limits.trap_on_grow_failure(trap).build();
                let mut store = Store::new(engine, limits);
                store.limiter(|limits| limits);
                store
            };
            let error = Instance::new(&mut with(START - 1, false), &module, &[]);
            let error = error.expect_err("one byte too few").to_string();
            assert!(error.contains("limit store_bytes_max exceeded: 131136"), "{error}");
            for (name, by, before, bytes) in [
                ("memory", 2, 1, 2 * 65536),
                ("memory64", 3, 1, 3 * 65536),
                ("table", 5, 8, 40),
                ("null", 7, 8, 56),
            ] {
                for (bytes, result) in [(START + bytes, before), (START + bytes - 1, -1)] {
                    let mut store = with(bytes, false);
                    let instance = Instance::new(&mut store, &module, &[])?;
                    let grow = instance.get_typed_func::<i32, i32>(&store, name)?;
                    assert_eq!(grow.call(&mut store, by)?, result, "{name} within {bytes}");
                }
                let mut store = with(START + bytes - 1, true);
                let instance = Instance::new(&mut store, &module, &[])?;
                let grow = instance.get_typed_func::<i32, i32>(&store, name)?;
                let error = grow.call(&mut store, by).expect_err("growth that fails");
                assert_eq!(trap_of(&error), Some(Trap::GrowthLimit), "{name}");
            }
            Ok(())
        },
    );
}
