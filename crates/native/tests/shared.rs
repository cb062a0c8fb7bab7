//! Shared memories as machine code: each access gives what it gives as bytecode, on both sides of
//! each bound, in every shape and metering; nothing that is loaded is taken from elsewhere; and
//! threads in machine code and in bytecode agree on what they share.
//!
//! The suite's scripts of the proposal run natively by `prova-testing spec --native`.

use crate::common::{Way, engine, same_with};
use iced_x86::{Decoder, DecoderOptions, OpKind};
use prova_check::{Layout, MemoryShape};
use prova_core::{
    Config, Engine, Hot, Instance, Linker, MachineCompiler, MemoryType, Module, Settings,
    SharedMemory, Store, TypedFunc, Val,
};
use prova_module::ops::{Kind, Opcode};
use prova_module::{Features, FuncIdx, Limits, Proposal, SharedAccess};
use prova_native::NativeCompiler;
use std::fmt::Write;
use std::thread;

/// Every access of a memory: its operator and lane, each lane that is at an end.
fn accesses() -> Vec<SharedAccess> {
    let of = |opcode: &Opcode| {
        let lanes = (0..16).filter_map(|lane| SharedAccess::new(*opcode, lane));
        let lanes: Vec<SharedAccess> = lanes.collect();
        let last = lanes.len().saturating_sub(1);
        lanes.into_iter().enumerate().filter(move |(at, _)| [0, last].contains(at))
    };
    Opcode::ALL.iter().flat_map(of).map(|(_, access)| access).collect()
}

/// A function of each access, at two offsets; gives its name and how many operands of 32 and more
/// bits it has behind the address.
fn functions(address: &str) -> (String, Vec<(String, Vec<Kind>)>) {
    let mut text = format!("(module (memory {address} 1 3 shared) ");
    text += "(data (i32.const 65400) \"shared memories are written by all\")";
    if address == "i64" {
        text = text.replace("(i32.const 65400)", "(i64.const 65400)");
    }
    let mut found = Vec::new();
    for access in accesses() {
        let row = access.opcode.row();
        let mnemonic = access.opcode.mnemonic();
        let lane = match row.immediates.len() {
            2 => access.lane.to_string(),
            _ => String::new(),
        };
        let kinds: Vec<Kind> = row.params.iter().skip(1).copied().collect();
        for offset in [0, 40_000] {
            let name = format!("{mnemonic} {lane} {offset}");
            let (mut params, mut operands) = (format!("(param {address})"), String::new());
            for (at, kind) in kinds.iter().enumerate() {
                let ty = if *kind == Kind::v128 { "i64".to_owned() } else { format!("{kind:?}") };
                write!(params, "(param {ty})").expect("a text");
                let value = format!("(local.get {})", at + 1);
                operands += &match kind {
                    Kind::v128 => format!("(i64x2.splat {value})"),
                    _ => value,
                };
            }
            let results: String = row.results.iter().map(|kind| format!(" {kind:?}")).collect();
            write!(
                text,
                "(func (export \"{name}\") {params} (result{results})
                   ({mnemonic} offset={offset} {lane} (local.get 0) {operands}))"
            )
            .expect("a text");
            found.push((name, kinds.clone()));
        }
    }
    (text + ")", found)
}

/// Calls of all functions, with addresses on both sides of the end, aligned and not.
fn calls(address: &str, found: &[(String, Vec<Kind>)]) -> Vec<(String, Vec<Val>)> {
    let places: &[i64] = &[65_408, 65_409, 65_535, 65_536, 25_520, 25_529, 25_536, 1 << 31, -8];
    let mut calls = Vec::new();
    for (name, kinds) in found {
        for &place in places {
            let mut args = vec![match address {
                "i64" => Val::I64(place),
                _ => Val::I32(place as i32),
            }];
            args.extend(kinds.iter().map(|kind| match kind {
                Kind::i32 => Val::I32(0x8171_6151u32 as i32),
                Kind::f32 => Val::F32(0x7fa1_2345),
                Kind::f64 => Val::F64(0x7ff4_0000_0000_0001),
                _ => Val::I64(0x9181_7161_5141_3121u64 as i64),
            }));
            calls.push((name.clone(), args));
        }
    }
    calls
}

/// As bytecode and as machine code, in meterings: fuel, epochs.
fn same(text: &str, calls: &[(String, Vec<Val>)], meterings: &[(bool, bool)]) {
    let calls: Vec<(&str, &[Val])> =
        calls.iter().map(|(name, args)| (name.as_str(), args.as_slice())).collect();
    for &(fuel, epochs) in meterings {
        same_with((None, text), &calls, &[], |config| {
            config.consume_fuel(fuel).epoch_interruption(epochs).shared_memory(true);
        });
    }
}

#[test]
fn every_access_at_every_bound() {
    for address in ["i32", "i64"] {
        let (text, found) = functions(address);
        assert!(found.len() > 200, "{}", found.len());
        same(&text, &calls(address, &found), &[(false, false), (true, true)]);
    }
}

#[test]
fn what_is_more_than_an_access() {
    let text = r#"(module (memory 1 3 shared) (memory $own 1) (data $d "abcdefgh")
        (func (export "size") (result i32) (memory.size))
        (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
        (func (export "fill") (param i32) (memory.fill (local.get 0) (i32.const 7) (i32.const 9)))
        (func (export "copy") (param i32 i32)
            (memory.copy (local.get 0) (local.get 1) (i32.const 16)))
        (func (export "in") (param i32)
            (memory.copy 0 $own (local.get 0) (i32.const 0) (i32.const 5)))
        (func (export "out") (param i32) (result i32)
            (memory.copy $own 0 (i32.const 8) (local.get 0) (i32.const 4))
            (i32.load $own (i32.const 8)))
        (func (export "init") (param i32)
            (memory.init $d (local.get 0) (i32.const 0) (i32.const 8)))
        (func (export "load") (param i32) (result i64) (i64.load (local.get 0)))
        (func (export "wait") (param i32 i32 i64) (result i32)
            (memory.atomic.wait32 offset=8 (local.get 0) (local.get 1) (local.get 2)))
        (func (export "wait64") (param i32 i64 i64) (result i32)
            (memory.atomic.wait64 (local.get 0) (local.get 1) (local.get 2)))
        (func (export "notify") (param i32) (result i32)
            (memory.atomic.notify (local.get 0) (i32.const 3)))
        (func (export "own") (param i32) (result i32)
            (memory.atomic.wait32 $own (local.get 0) (i32.const 0) (i64.const 1)))
        (func (export "fence") (result i32) (atomic.fence) (i32.const 1)))"#;
    let i = Val::I32;
    let mut calls = vec![("size".to_owned(), vec![])];
    let mut call = |name: &str, args: &[Val]| calls.push((name.to_owned(), args.to_vec()));
    for at in [0, 3, 65_520, 65_530, 65_536, 131_064, 131_065, -1] {
        call("fill", &[i(at)]);
        call("copy", &[i(at), i(1)]);
        call("copy", &[i(1), i(at)]);
        call("init", &[i(at)]);
        call("in", &[i(at)]);
        call("out", &[i(at)]);
        call("load", &[i(at)]);
        call("load", &[i(8)]);
        call("wait", &[i(at), i(1), Val::I64(1)]);
        call("wait64", &[i(at), Val::I64(1), Val::I64(0)]);
        call("notify", &[i(at)]);
        call("own", &[i(at)]);
        if at == 65_536 {
            call("grow", &[i(1)]);
            call("size", &[]);
        }
    }
    call("wait", &[i(16), i(0), Val::I64(1000)]);
    call("grow", &[i(2)]);
    call("fence", &[]);
    same(text, &calls, &[(false, false), (true, false), (false, true)]);
}

/// The instructions of a function that read memory at a base and an index: those of the module's
/// own memory, in the guard shape.
fn loads(text: &str) -> usize {
    let wasm = wat::parse_str(text).expect("the text is well-formed");
    let features = Features::default().with(Proposal::SharedMemory);
    let module = prova_module::Module::decode(wasm, &features, &Limits::default());
    let module = module.expect("it is valid");
    let (compiler, settings) = (NativeCompiler::new(), Settings::default());
    assert!(matches!(compiler.config(&settings).memory, MemoryShape::Guard { .. }));
    let layout = Layout::derive(module.bytes(), &compiler.config(&settings)).expect("a layout");
    let code = compiler.function(&module, &layout, &settings, FuncIdx(0)).expect("machine code");
    let bytes = code.bytes;
    let is_load = |insn: &iced_x86::Instruction| {
        let memory = (0..insn.op_count()).any(|at| insn.op_kind(at) == OpKind::Memory);
        memory
            && insn.memory_index() != iced_x86::Register::None
            && insn.op0_kind() != OpKind::Memory
    };
    Decoder::new(64, &bytes, DecoderOptions::NONE).into_iter().filter(is_load).count()
}

/// Two loads of one place, one behind a store there, and one that nobody uses: each is there, where
/// a memory of the store alone needs fewer.
#[test]
fn no_load_is_another() {
    let bodies = [
        ("two", "(i32.sub (i32.load (local.get 0)) (i32.load (local.get 0)))", 2, 1),
        ("stored", "(i32.store (local.get 0) (i32.const 7)) (i32.load (local.get 0))", 1, 0),
        (
            "vectors",
            "(i8x16.bitmask (i8x16.sub (v128.load (local.get 0)) (v128.load (local.get 0))))",
            4,
            1,
        ),
        ("unused", "(drop (i32.load (local.get 0))) (i32.load (local.get 0))", 2, 1),
    ];
    for (name, body, shared, own) in bodies {
        let text = |shared: &str| {
            format!("(module (memory 1 1 {shared}) (func (param i32) (result i32) {body}))")
        };
        assert_eq!((loads(&text("shared")), loads(&text(""))), (shared, own), "{name}");
    }
}

/// A spin lock, a queue of one, and counters, for two threads.
const LITMUS: &str = r#"(module
    (import "" "m" (memory 1 4 shared))
    (func $lock (loop $again
        (br_if $again (i32.atomic.rmw.cmpxchg (i32.const 0) (i32.const 0) (i32.const 1)))))
    (func $unlock (i32.atomic.store (i32.const 0) (i32.const 0)))
    ;; Under the lock: plain accesses of one word.
    (func (export "locked") (param $n i32) (result i32)
        (loop $again
            (call $lock)
            (i64.store (i32.const 8) (i64.add (i64.load (i32.const 8)) (i64.const 1)))
            (i32.store16 (i32.const 17) (i32.add (i32.load16_u (i32.const 17)) (i32.const 1)))
            (call $unlock)
            (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (i32.const 0))
    ;; Neighbours: each thread counts in a byte, and both bytes are of one word.
    (func (export "bytes") (param $n i32) (param $at i32) (result i32)
        (loop $again
            (i32.store8 offset=24 (local.get $at)
                (i32.add (i32.load8_u offset=24 (local.get $at)) (i32.const 1)))
            (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (i32.load8_u offset=24 (local.get $at)))
    ;; All modifications, in one word of each size.
    (func (export "modify") (param $n i32) (result i32)
        (loop $again
            (drop (i64.atomic.rmw.add (i32.const 32) (i64.const 3)))
            (drop (i32.atomic.rmw8.sub_u (i32.const 40) (i32.const 1)))
            (drop (i32.atomic.rmw16.xor_u (i32.const 42) (i32.const 0x101)))
            (drop (i64.atomic.rmw32.or_u (i32.const 44) (i64.const 4)))
            (drop (i64.atomic.rmw.and (i32.const 48) (i64.const -2)))
            (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (i32.const 0))
    ;; Messages: data by plain stores, a flag by an atomic one.
    (func (export "send") (param $n i32) (result i32) (local $i i32)
        (loop $again
            (loop $full (br_if $full (i32.atomic.load (i32.const 64))))
            (i32.store offset=68 (i32.const 0) (local.get $i))
            (i64.store offset=72 (i32.const 0) (i64.extend_i32_u (local.get $i)))
            (i32.atomic.store (i32.const 64) (i32.const 1))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $again (i32.lt_u (local.get $i) (local.get $n))))
        (i32.const 0))
    (func (export "receive") (param $n i32) (result i32) (local $i i32) (local $wrong i32)
        (loop $again
            (loop $empty (br_if $empty (i32.eqz (i32.atomic.load (i32.const 64)))))
            (local.set $wrong (i32.add (local.get $wrong)
                (i32.or (i32.ne (i32.load offset=68 (i32.const 0)) (local.get $i))
                    (i64.ne (i64.load offset=72 (i32.const 0)) (i64.extend_i32_u (local.get $i))))))
            (i32.atomic.store (i32.const 64) (i32.const 0))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $again (i32.lt_u (local.get $i) (local.get $n))))
        (local.get $wrong)))"#;

fn instance(engine: &Engine, memory: &SharedMemory) -> (Store<()>, Instance) {
    let wasm = wat::parse_str(LITMUS).expect("the text is well-formed");
    let module = Module::new(engine, &wasm).expect("it is valid");
    assert!(module.refusals().is_empty(), "{:?}", module.refusals());
    let mut store = Store::new(engine, ());
    let mut linker = Linker::new(engine);
    linker.define(&store, "", "m", memory.clone()).expect("a new name");
    let instance = linker.instantiate(&mut store, &module).expect("its imports are there");
    (store, instance)
}

const ROUNDS: i32 = 5_000;

/// Two calls, each by a thread with a store; with `hot`, bytecode goes over to machine code in
/// calls and in rounds of loops.
fn both(
    (ways, hot): ([Way; 2], Option<Hot>),
    memory: &SharedMemory,
    calls: [(&str, Option<i32>); 2],
) -> Vec<i32> {
    let run = |way: Way, (name, at): (&str, Option<i32>)| {
        let engine = engine(way, |config: &mut Config| {
            config.shared_memory(true);
            if hot.is_some() {
                config.tier_up(hot);
            }
        });
        let (mut store, instance) = instance(&engine, memory);
        let func = instance.get_func(&mut store, name).expect("it is exported");
        let (mut args, mut results) = (vec![Val::I32(ROUNDS)], [Val::I32(0)]);
        args.extend(at.map(Val::I32));
        func.call(&mut store, &args, &mut results).expect("no trap");
        results[0].unwrap_i32()
    };
    thread::scope(|scope| {
        let threads: Vec<_> = ways
            .into_iter()
            .zip(calls)
            .map(|(way, call)| scope.spawn(move || run(way, call)))
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    })
}

#[test]
fn threads_of_all_ways_agree() {
    let ways = [Way::Guard, Way::Explicit, Way::Masked, Way::Bytecode];
    let hot = Hot { every: 4, first: 0, looks: 1, bytes: 0, background: false, ..Hot::default() };
    let pairs = [
        ([ways[0], ways[0]], None),
        ([ways[0], ways[3]], None),
        ([ways[1], ways[2]], None),
        ([ways[3], ways[1]], None),
        ([ways[0], ways[0]], Some(hot)),
    ];
    for pair in pairs {
        let made = engine(Way::Bytecode, |config| {
            config.shared_memory(true);
        });
        let memory = SharedMemory::new(&made, MemoryType::shared(1, 4)).expect("there is room");
        memory.write(48, &7u64.to_le_bytes()).expect("it is inside");
        let word = |at: usize| {
            let mut bytes = [0; 8];
            memory.read(at, &mut bytes).expect("it is inside");
            u64::from_le_bytes(bytes)
        };
        let rounds = 2 * ROUNDS as u64;
        both(pair, &memory, [("locked", None); 2]);
        assert_eq!((word(8), word(17) & 0xffff), (rounds, rounds & 0xffff), "{pair:?}");
        let counts = both(pair, &memory, [("bytes", Some(0)), ("bytes", Some(1))]);
        assert_eq!(counts, [ROUNDS & 0xff; 2], "{pair:?}");
        both(pair, &memory, [("modify", None); 2]);
        let small = (word(40) & 0xff, word(40) >> 16 & 0xffff, word(40) >> 32);
        assert_eq!(small, (0u64.wrapping_sub(rounds) & 0xff, 0, 4), "{pair:?}");
        assert_eq!((word(32), word(48)), (3 * rounds, 6), "{pair:?}");
        let wrong = both(pair, &memory, [("send", None), ("receive", None)]);
        assert_eq!(wrong, [0, 0], "{pair:?}");
    }
}

/// A memory that has grown since code was made, by another thread: what is new is there.
#[test]
fn growth_elsewhere_is_seen() {
    for way in [Way::Guard, Way::Explicit, Way::Masked, Way::Bytecode] {
        let engine = engine(way, |config| {
            config.shared_memory(true);
        });
        let memory = SharedMemory::new(&engine, MemoryType::shared(1, 4)).expect("there is room");
        let (mut store, instance) = instance(&engine, &memory);
        let bytes: TypedFunc<(i32, i32), i32> =
            instance.get_typed_func(&mut store, "bytes").expect("it is exported");
        assert!(bytes.call(&mut store, (3, 100_000)).is_err(), "{way:?}");
        thread::scope(|scope| scope.spawn(|| memory.grow(1).expect("it grows")).join().unwrap());
        assert_eq!(bytes.call(&mut store, (3, 100_000)).expect("no trap"), 3, "{way:?}");
        assert!(bytes.call(&mut store, (3, 131_048)).is_err(), "{way:?}");
    }
}
