//! Questions to the embedder while machine code runs.

use prova::*;

/// An engine that makes machine code before the first call.
fn compiled(metered: bool) -> Engine {
    let mut config = Config::new();
    config.strategy(Strategy::Cranelift).epoch_interruption(metered);
    Engine::new(&config).expect("a possible configuration")
}

struct Pages(usize, Vec<String>);

impl ResourceLimiter for Pages {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        ensure!(desired < 100 << 16, "so much is no mistake");
        Ok(desired <= self.0 << 16)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        Ok(desired <= self.0)
    }

    fn memory_grow_failed(&mut self, error: Error) -> Result<()> {
        self.1.push(error.to_string());
        ensure!(self.1.len() < 2, "it failed twice");
        Ok(())
    }

    fn table_grow_failed(&mut self, error: Error) -> Result<()> {
        self.memory_grow_failed(error)
    }
}

const GROWS: &str = r#"(module (memory 1) (table 1 funcref)
    (import "host" "again" (func $again (result i32)))
    (func $grow (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "table") (param i32) (result i32) (table.grow (ref.null func) (local.get 0)))
    (func (export "between") (result i32) (call $again) drop (call $grow (i32.const 1))))"#;

#[test]
fn machine_code_asks_before_it_grows() -> Result<()> {
    let engine = compiled(false);
    let text = GROWS
        .replace("(memory 1) (table 1 funcref)\n", "")
        .replace("(func $grow", "(memory 1 500) (table 1 9 funcref) (func $grow");
    let module = Module::new(&engine, text)?;
    let mut linker = Linker::new(&engine);
    linker.func_wrap("host", "again", |mut caller: Caller<'_, Pages>| {
        caller.data_mut().0 += 1;
        caller.data().0 as i32
    })?;
    let mut store = Store::new(&engine, Pages(2, Vec::new()));
    store.limiter(|pages| pages);
    let instance = linker.instantiate(&mut store, &module)?;
    let grow = instance.get_typed_func::<i32, i32>(&mut store, "grow")?;
    let table = instance.get_typed_func::<i32, i32>(&mut store, "table")?;
    let between = instance.get_typed_func::<(), i32>(&mut store, "between")?;
    assert_eq!((grow.call(&mut store, 1)?, grow.call(&mut store, 1)?), (1, -1));
    assert_eq!((table.call(&mut store, 1)?, table.call(&mut store, 1)?), (1, -1));
    // The host changes its mind in the middle of a call.
    assert_eq!(between.call(&mut store, ())?, 2);
    let error = grow.call(&mut store, 200).expect_err("it is stopped");
    assert_eq!(error.root_cause().to_string(), "so much is no mistake");
    // Beyond the maxima of their types: told of, and the second time the program ends.
    assert_eq!((grow.call(&mut store, 0)?, grow.call(&mut store, 500)?), (3, -1));
    let error = table.call(&mut store, 9).expect_err("it is stopped");
    assert_eq!(error.root_cause().to_string(), "it failed twice");
    assert_eq!(store.data().1, ["Memory maximum size exceeded", "Table maximum size exceeded"]);
    if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        assert!(module.refusals().is_empty(), "{:?}", module.refusals());
    }
    Ok(())
}

#[test]
fn a_callback_comes_before_machine_code_or_not_at_all() -> Result<()> {
    let engine = compiled(true);
    let module = Module::new(&engine, r#"(module (func (export "f") (loop (br 0))))"#)?;
    let mut store = Store::new(&engine, 0);
    let callback = |mut store: StoreContextMut<'_, u32>| {
        *store.data_mut() += 1;
        Ok(if *store.data() < 5 { UpdateDeadline::Continue(0) } else { UpdateDeadline::Interrupt })
    };
    store.epoch_deadline_callback(callback);
    let f = Instance::new(&mut store, &module, &[])?.get_typed_func::<(), ()>(&mut store, "f")?;
    let error = f.call(&mut store, ()).expect_err("the fifth answer ends it");
    assert_eq!((error.downcast::<Trap>()?, *store.data()), (Trap::Interrupt, 5));
    if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        let mut late = Store::new(&engine, 0);
        Instance::new(&mut late, &module, &[])?;
        let set = std::panic::AssertUnwindSafe(|| late.epoch_deadline_callback(callback));
        assert!(std::panic::catch_unwind(set).is_err(), "an instance may run machine code");
    }
    Ok(())
}
