//! Accesses: effective addresses, the places of faults, stores that write all or nothing, atomics.
//!
//! The conversions of loads and stores are for the specification's scripts (`spec.rs`); a green run
//! here does not show them.

use crate::support::World;
use prova_runtime::{Extern, MemoryFault, TrapKind};

/// The kind and the place of the trap that a call ends in.
fn fault(world: &mut World, name: &str, args: &[u64]) -> (TrapKind, Option<MemoryFault>) {
    let trap = world.trap(name, args);
    (trap.kind, trap.fault)
}

fn bytes(world: &World, name: &str) -> Vec<u8> {
    let Extern::Memory(memory) = world.export(name) else { panic!("{name} is a memory") };
    world.store.memory(memory).data().to_vec()
}

#[test]
fn the_last_bytes_can_be_reached_and_no_more() {
    for (load, size) in [
        ("i32.load8_u", 1),
        ("i32.load16_s", 2),
        ("i32.load", 4),
        ("i64.load", 8),
        ("i64.load32_u", 4),
        ("v128.load", 16),
        ("v128.load32x2_s", 8),
        ("v128.load16_splat", 2),
        ("v128.load32_zero", 4),
    ] {
        let mut world = World::of(&format!(
            r#"(module (memory 1) (func (export "f") (param i32) (drop ({load} offset=3 (local.get 0)))))"#
        ));
        let last = 65536 - size - 3;
        assert_eq!(world.value("f", &[last]), [], "{load}");
        for base in [last + 1, 65536, 0xffff_ffff] {
            let expected = MemoryFault { address: base + 3, size_bytes: 65536 };
            let actual = fault(&mut world, "f", &[base]);
            assert_eq!(actual, (TrapKind::MemoryOutOfBounds, Some(expected)), "{load} {base}");
        }
        assert_eq!(world.trap_at("f", &[last + 1]).1, Some(1), "{load}");
    }
}

#[test]
fn a_store_that_misses_writes_nothing() {
    for (store, value, size) in [
        ("i32.store8", "i32.const -1", 1),
        ("i32.store16", "i32.const -1", 2),
        ("f32.store", "f32.const -nan:0x7fffff", 4),
        ("i64.store", "i64.const -1", 8),
        ("i64.store32", "i64.const -1", 4),
        ("v128.store", "v128.const i64x2 -1 -1", 16),
        ("v128.store64_lane 1", "v128.const i64x2 -1 -1", 8),
    ] {
        let (store, lane) = store.split_once(' ').unwrap_or((store, ""));
        let mut world = World::of(&format!(
            r#"(module (memory (export "m") 1)
                (func (export "f") (param i32) (local.get 0) ({value}) ({store} {lane})))"#
        ));
        let last = 65536 - size;
        let expected = MemoryFault { address: last + 1, size_bytes: 65536 };
        assert_eq!(fault(&mut world, "f", &[last + 1]).1, Some(expected), "{store}");
        assert!(bytes(&world, "m").iter().all(|&byte| byte == 0), "{store}");
        world.value("f", &[last]);
        let written = bytes(&world, "m").iter().filter(|&&byte| byte == 0xff).count();
        assert_eq!(written as u64, size, "{store}");
    }
}

#[test]
fn addresses_of_64_bits_never_wrap() {
    let mut world = World::of(
        r#"(module (memory i64 1)
            (func (export "f") (param i64) (result i32)
                (i32.load8_u offset=0xffff_ffff_ffff_fff0 (local.get 0)))
            (func (export "near") (param i64) (result i64) (i64.load (local.get 0))))"#,
    );
    for (base, address) in
        [(0, 0xffff_ffff_ffff_fff0), (15, u64::MAX), (16, u64::MAX), (u64::MAX, u64::MAX)]
    {
        let expected = MemoryFault { address, size_bytes: 65536 };
        assert_eq!(fault(&mut world, "f", &[base]).1, Some(expected), "{base}");
    }
    let expected = MemoryFault { address: u64::MAX, size_bytes: 65536 };
    assert_eq!(fault(&mut world, "near", &[u64::MAX]).1, Some(expected));
    assert_eq!(world.value("near", &[65528]), [0]);
}

#[test]
fn growth_is_seen_at_once_and_only_where_it_happens() {
    let mut world = World::of(
        r#"(module (memory $a 1 3) (memory $b i64 0 2)
            (func (export "f") (result i32 i32 i32 i32)
                (memory.grow $a (i32.const 1))
                (i32.load8_u $a (i32.const 0x1ffff))
                (memory.grow $a (i32.const 2))
                (memory.size $a))
            (func (export "b") (param i64) (result i64 i64)
                (memory.grow $b (local.get 0)) (memory.size $b))
            (func (export "miss") (param i64) (result i32) (i32.load8_u $b (local.get 0))))"#,
    );
    assert_eq!(world.value("f", &[]), [1, 0, 0xffff_ffff, 2]);
    assert_eq!(fault(&mut world, "miss", &[0]).1, Some(MemoryFault { address: 0, size_bytes: 0 }));
    assert_eq!(world.value("b", &[3]), [u64::MAX, 0]);
    assert_eq!(world.value("b", &[2]), [0, 2]);
    assert_eq!(world.value("miss", &[0x1ffff]), [0]);
}

#[test]
fn bulk_operators_trap_where_they_stand_and_name_no_address() {
    let mut world = World::of(
        r#"(module (memory (export "m") 1) (data $d "abc")
            (func (export "fill") (param i32)
                (memory.fill (local.get 0) (i32.const 7) (i32.const 2)))
            (func (export "copy") (param i32)
                (memory.copy (local.get 0) (i32.const 0) (i32.const 2)))
            (func (export "init") (param i32)
                (memory.init $d (i32.const 0) (local.get 0) (i32.const 2)))
            (func (export "drop") (data.drop $d)))"#,
    );
    for (name, good, bad) in [("fill", 65534, 65535), ("copy", 65534, 65535), ("init", 1, 2)] {
        let trap = world.trap(name, &[bad]);
        assert_eq!((trap.kind, trap.fault), (TrapKind::MemoryOutOfBounds, None), "{name}");
        assert_eq!(world.trap_at(name, &[bad]).1, Some(3), "{name}");
        assert_eq!(world.value(name, &[good]), []);
    }
    assert_eq!(bytes(&world, "m")[..3], *b"bc\0");
    world.value("drop", &[]);
    assert_eq!(world.trap("init", &[1]).kind, TrapKind::MemoryOutOfBounds);
}

#[test]
fn lanes_are_loaded_around_the_vector_that_is_on_top() {
    let mut world = World::of(
        r#"(module (memory (data "\01\02\03\04"))
            (func (export "f") (result v128)
                (i32.const 1) (v128.const i32x4 9 9 9 9) (v128.load16_lane offset=1 2))
            (func (export "miss") (param i32) (result v128)
                (local.get 0) (v128.const i32x4 9 9 9 9) (v128.load32_lane 0)))"#,
    );
    assert_eq!(world.value("f", &[]), [0x0403 << 32 | 9, 9 << 32 | 9]);
    assert_eq!(world.trap_at("miss", &[65533]), (TrapKind::MemoryOutOfBounds, Some(2)));
}

#[test]
fn atomics_want_alignment_first_then_bounds() {
    for (operator, arguments, size) in [
        ("i32.atomic.load", "", 4),
        ("i64.atomic.load16_u", "", 2),
        ("i64.atomic.store", "(i64.const 1)", 8),
        ("i32.atomic.store8", "(i32.const 1)", 1),
        ("i32.atomic.rmw.add", "(i32.const 1)", 4),
        ("i64.atomic.rmw16.xchg_u", "(i64.const 1)", 2),
        ("i64.atomic.rmw.cmpxchg", "(i64.const 0) (i64.const 1)", 8),
        ("i32.atomic.rmw8.cmpxchg_u", "(i32.const 0) (i32.const 1)", 1),
    ] {
        let drop = if operator.contains("store") { "nop" } else { "drop" };
        let mut world = World::of(&format!(
            r#"(module (memory 1)
                (func (export "f") (param i32) (local.get 0) {arguments} ({operator} offset=16) ({drop})))"#
        ));
        let last = 65536 - size - 16;
        assert_eq!(world.value("f", &[last]), [], "{operator}");
        let expected = MemoryFault { address: 65536, size_bytes: 65536 };
        let actual = fault(&mut world, "f", &[last + size]);
        assert_eq!(actual, (TrapKind::MemoryOutOfBounds, Some(expected)), "{operator}");
        if size > 1 {
            for base in [1, last + size + 1] {
                let actual = fault(&mut world, "f", &[base]);
                assert_eq!(actual, (TrapKind::HeapMisaligned, None), "{operator} {base}");
            }
        }
    }
}

#[test]
fn an_atomic_access_beyond_all_addresses_is_out_of_bounds() {
    let mut world = World::of(
        r#"(module (memory i64 1) (func (export "f") (param i64) (result i32)
            (i32.atomic.load offset=0xffff_ffff_ffff_ffff (local.get 0))))"#,
    );
    assert_eq!(fault(&mut world, "f", &[0]).0, TrapKind::HeapMisaligned);
    for base in [1, 2, 5] {
        let expected = MemoryFault { address: u64::MAX, size_bytes: 65536 };
        let actual = fault(&mut world, "f", &[base]);
        assert_eq!(actual, (TrapKind::MemoryOutOfBounds, Some(expected)), "{base}");
    }
}

#[test]
fn atomic_results_are_the_old_values() {
    let mut world = World::of(
        r#"(module (memory (export "m") 1)
            (func (export "sub") (param i32) (result i32)
                (i32.atomic.rmw8.sub_u (i32.const 0) (local.get 0)))
            (func (export "swap") (param i32 i32) (result i32)
                (i32.atomic.rmw8.cmpxchg_u (i32.const 0) (local.get 0) (local.get 1))))"#,
    );
    assert_eq!(world.value("sub", &[0x101]), [0]);
    assert_eq!(world.value("sub", &[1]), [0xff]);
    // Expected value and replacement are wrapped to the byte.
    assert_eq!(world.value("swap", &[0x1ff, 7]), [0xfe]);
    assert_eq!(bytes(&world, "m")[0], 0xfe);
    assert_eq!(world.value("swap", &[0x1fe, 0x207]), [0xfe]);
    assert_eq!(bytes(&world, "m")[..2], [7, 0]);
}

#[test]
fn nobody_waits_on_a_memory_of_ones_own() {
    let mut world = World::of(
        r#"(module (memory 1)
            (func (export "notify") (param i32) (result i32)
                (memory.atomic.notify (local.get 0) (i32.const 1)))
            (func (export "wait32") (param i32) (result i32)
                (memory.atomic.wait32 (local.get 0) (i32.const 0) (i64.const 0)))
            (func (export "wait64") (param i32) (result i32)
                (memory.atomic.wait64 (local.get 0) (i64.const 0) (i64.const 0)))
            (func (export "fence") (atomic.fence)))"#,
    );
    assert_eq!(world.value("notify", &[65532]), [0]);
    assert_eq!(world.value("fence", &[]), []);
    for (name, good, size) in [("wait32", 65532, 4), ("wait64", 65528, 8)] {
        assert_eq!(world.trap_at(name, &[good]), (TrapKind::ExpectedSharedMemory, Some(3)));
        assert_eq!(world.trap(name, &[good - size / 2]).kind, TrapKind::HeapMisaligned);
        assert_eq!(world.trap(name, &[good + size]).kind, TrapKind::MemoryOutOfBounds);
    }
    assert_eq!(fault(&mut world, "notify", &[65536]), (TrapKind::MemoryOutOfBounds, None));
    assert_eq!(world.trap("notify", &[65534]).kind, TrapKind::HeapMisaligned);
}
