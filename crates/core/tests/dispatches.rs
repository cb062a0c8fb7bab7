//! Counts of the interpreter's dispatches.
//!
//! A green run does not show that the ops of other programs are counted rightly; the handler that
//! counts knows no op from another.

use prova_core::*;

const LOOP: &str = r#"(module
  (func $id (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))
  (func (export "run") (param $n i32) (result i32) (local $s i32)
    (loop $l
      (local.set $s (i32.add (local.get $s) (call $id (local.get $n))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s)))"#;

/// The number of all, and of each op by its name.
type Counts = (u64, Vec<(String, u64)>);

fn run(config: &mut Config) -> Result<Option<Counts>> {
    let wasm = wat::parse_str(LOOP).expect("the text is right");
    let engine = Engine::new(config)?;
    let module = Module::new(&engine, &wasm)?;
    let mut store = Store::new(&engine, ());
    // Another store without counts runs the same code first.
    let plain = Engine::new(Config::new().tier(Tier::TAIL))?;
    let mut other = Store::new(&plain, ());
    let instance = Instance::new(&mut other, &Module::new(&plain, &wasm)?, &[])?;
    instance.get_typed_func::<i32, i32>(&mut other, "run")?.call(&mut other, 3)?;
    assert!(other.dispatch_counts().is_none());
    let instance = Instance::new(&mut store, &module, &[])?;
    let run = instance.get_typed_func::<i32, i32>(&mut store, "run")?;
    assert_eq!(run.call(&mut store, 100)?, 3 * 5050);
    let Some(counts) = store.dispatch_counts() else { return Ok(None) };
    let pairs: u64 = counts.pairs().map(|(_, _, count)| count).sum();
    assert_eq!(pairs + 1, counts.total(), "each instruction but the first has one before it");
    let ops = counts.ops().map(|(op, count)| (op.mnemonic().to_owned(), count)).collect();
    Ok(Some((counts.total(), ops)))
}

#[test]
fn each_instruction_of_a_run_is_counted() -> Result<()> {
    let (total, ops) = run(Config::new().tier(Tier::TAIL).count_dispatches(true))?
        .expect("the tail-call executor counts");
    let of = |name: &str| ops.iter().find(|row| row.0 == name).map_or(0, |row| row.1);
    assert_eq!(of("call"), 100);
    assert_eq!(of("i32.mul_imm"), 100);
    assert_eq!(of("i32.add_imm_br_if"), 100);
    assert_eq!(of("return1"), 101);
    assert_eq!(total, ops.iter().map(|row| row.1).sum::<u64>());
    Ok(())
}

#[test]
fn what_counts_nothing_says_so() -> Result<()> {
    assert!(run(Config::new().tier(Tier::TAIL))?.is_none());
    assert!(run(Config::new().tier(Tier::MATCH).count_dispatches(true))?.is_none());
    assert!(run(Config::new().tier(Tier::Reference).count_dispatches(true))?.is_none());
    Ok(())
}
