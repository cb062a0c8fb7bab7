//! The limits of a pool, on both sides.

use crate::common::module;
use prova_core::*;

fn engine(set: impl Fn(&mut PoolingAllocationConfig)) -> Engine {
    let mut pool = PoolingAllocationConfig::new();
    set(&mut pool);
    let mut config = Config::new();
    config.allocation_strategy(pool);
    Engine::new(&config).expect("a possible configuration")
}

const EACH: &str = "(module (memory (export \"memory\") 1) (table (export \"table\") 3 funcref))";

#[test]
fn instances_memories_and_tables_are_counted_over_all_stores() -> Result<()> {
    let limited: [fn(&mut PoolingAllocationConfig); 3] = [
        |pool| {
            pool.total_core_instances(2);
        },
        |pool| {
            pool.total_memories(2);
        },
        |pool| {
            pool.total_tables(2);
        },
    ];
    for set in limited {
        let engine = engine(set);
        let module = module(&engine, EACH)?;
        let mut first = Store::new(&engine, ());
        Instance::new(&mut first, &module, &[])?;
        Instance::new(&mut first, &module, &[])?;
        let mut second = Store::new(&engine, ());
        let error = Instance::new(&mut second, &module, &[]).expect_err("two are there");
        assert!(error.is::<PoolConcurrencyLimitError>(), "{error:?}");
        assert!(error.to_string().starts_with("maximum concurrent limit of 2 for"));
        drop(first);
        Instance::new(&mut second, &module, &[])?;
        Instance::new(&mut second, &module, &[])?;
        assert!(Instance::new(&mut second, &module, &[]).is_err());
    }
    Ok(())
}

#[test]
fn an_instance_that_is_not_made_takes_no_place() -> Result<()> {
    let engine = engine(|pool| {
        pool.total_core_instances(1).total_memories(1);
    });
    let mut store = Store::new(&engine, ());
    let wrong = module(&engine, "(module (import \"\" \"\" (func (param i32))) (memory 1))")?;
    let func = Func::wrap(&mut store, || ());
    for _ in 0..3 {
        let error = Instance::new(&mut store, &wrong, &[func.into()]).expect_err("another type");
        assert!(!error.is::<PoolConcurrencyLimitError>(), "{error:?}");
    }
    let traps = module(&engine, "(module (memory 1) (func $f unreachable) (start $f))")?;
    assert!(Instance::new(&mut store, &traps, &[]).expect_err("it traps").is::<Trap>());
    // That instance exists, as the specification says.
    let error = Instance::new(&mut store, &traps, &[]).expect_err("one is there");
    assert!(error.is::<PoolConcurrencyLimitError>(), "{error:?}");
    Ok(())
}

#[test]
fn modules_that_never_fit_are_refused_when_they_are_made() -> Result<()> {
    let engine = engine(|pool| {
        pool.max_memory_size(2 << 16).table_elements(3).max_memories_per_module(1);
    });
    for (text, fits) in [
        ("(module (memory 2))", true),
        ("(module (memory 3))", false),
        ("(module (table 3 funcref))", true),
        ("(module (table 4 funcref))", false),
        ("(module (import \"\" \"\" (memory 9)) (memory 1))", true),
        ("(module (memory 1) (memory 1))", false),
        ("(module (table 1 funcref) (table 1 funcref))", false),
    ] {
        assert_eq!(module(&engine, text).is_ok(), fits, "{text}");
    }
    let mut store = Store::new(&engine, StoreLimitsBuilder::new().memory_size(9 << 16).build());
    for own_limits in [false, true] {
        if own_limits {
            store.limiter(|limits| limits);
        }
        let instance = Instance::new(&mut store, &module(&engine, EACH)?, &[])?;
        let memory = instance.get_memory(&store, "memory").expect("it is exported");
        assert_eq!(memory.grow(&mut store, 1)?, 1);
        assert!(memory.grow(&mut store, 1).is_err(), "the pool's limit, own limits {own_limits}");
    }
    Ok(())
}

#[test]
fn protection_keys_are_refused() {
    for (keys, taken) in [(Enabled::Yes, false), (Enabled::Auto, true), (Enabled::No, true)] {
        let mut pool = PoolingAllocationConfig::new();
        pool.memory_protection_keys(keys);
        let mut config = Config::new();
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        assert_eq!(Engine::new(&config).is_ok(), taken, "{keys:?}");
    }
    assert!(!PoolingAllocationConfig::are_memory_protection_keys_available());
}

/// Nobody else gets the address space that waits for the next store, and that store finds nothing
/// there.
#[test]
#[cfg(all(target_os = "linux", not(miri)))]
fn a_store_finds_the_address_space_of_the_one_before() -> Result<()> {
    let place = |engine: &Engine| -> Result<(Store<()>, usize, Memory)> {
        let mut store = Store::new(engine, ());
        let instance = Instance::new(&mut store, &module(engine, EACH)?, &[])?;
        let memory = instance.get_memory(&mut store, "memory").context("an export")?;
        let at = memory.data(&store).as_ptr().addr();
        assert!(memory.data(&store).iter().all(|&byte| byte == 0));
        Ok((store, at, memory))
    };
    for keep in [0, 1 << 20] {
        let engine = engine(|pool| {
            pool.max_unused_warm_slots(1).linear_memory_keep_resident(keep);
        });
        let other = Engine::new(&Config::new())?;
        let (mut first, at, memory) = place(&engine)?;
        memory.data_mut(&mut first).fill(7);
        memory.grow(&mut first, 3)?;
        drop(first);
        let (_other, of_other, _) = place(&other)?;
        assert_ne!(of_other, at, "it waits for a store of its engine");
        let (second, again, memory) = place(&engine)?;
        assert_eq!((again, memory.size(&second)), (at, 1));
        let (_third, of_third, _) = place(&engine)?;
        assert_ne!(of_third, at, "it has an owner");
    }
    Ok(())
}
