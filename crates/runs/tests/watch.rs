//! Accesses to a range in a run: each sort of operator, call stacks, the host, and programs that
//! run as they do without being watched.
//!
//! A green run does not show that a program near the limit of its stack runs alike, nor how much
//! slower a watched program is.

use prova_core::wasi::{self, Captured, Clocks, Randomness, WasiCtx, WasiCtxBuilder};
use prova_core::{Engine, FuncType, Linker, Store, Val};
use prova_module::{Features, Limits, Module};
use prova_runs::watch::Access::{self, Read, Update, Write};
use prova_runs::watch::{Program, WatchReport, watch};
use prova_xref::MemoryMap;
use std::ops::Range;
use std::path::Path;

fn decode(bytes: Vec<u8>) -> Module {
    Module::decode(bytes, &Features::default(), &Limits::default()).expect("a valid module")
}

fn wat(text: &str) -> Module {
    decode(wat::parse_str(text).expect("text format"))
}

fn watched(module: &Module, range: Range<u64>, invoke: &str, args: &[Val]) -> WatchReport {
    let program = Program {
        wasi: WasiCtx::default(),
        invoke: Some(invoke),
        args: &|_: &FuncType| Ok(args.to_vec()),
        fuel: Some(1_000_000),
        first: 10,
        memory: 0,
    };
    watch(module, range, program).expect("it can be run")
}

/// `run` with a memory of one page whose bytes from 1024 on are 0 1 2 … f.
fn body(code: &str) -> Module {
    wat(&format!(
        "(module (memory (export \"memory\") 1)
         (data (i32.const 1024) \"\\00\\01\\02\\03\\04\\05\\06\\07\\08\\09\\0a\\0b\\0c\\0d\\0e\\0f\") (data $more \"abcdefgh\")
         (func (export \"run\") {code}))"
    ))
}

/// The accesses of a report: how, where, how many bytes, and the value.
fn said(report: &WatchReport) -> Vec<(Access, u64, u64, &str)> {
    report
        .first
        .iter()
        .map(|hit| (hit.access, hit.address, hit.bytes, hit.value.as_str()))
        .collect()
}

/// Code, and what is seen of 1028..1032.
type Case = (&'static str, &'static [(Access, u64, u64, &'static str)]);
const CASES: &[Case] = &[
    ("i32.const 1028 i32.load drop", &[(Read, 1028, 4, "0x07060504")]),
    ("i32.const 4 i32.load offset=1024 drop", &[(Read, 1028, 4, "0x07060504")]),
    ("i32.const 1031 i32.load8_s drop", &[(Read, 1031, 1, "0x07")]),
    ("i32.const 1027 i32.load8_u drop i32.const 1032 i32.load8_u drop", &[]),
    ("i32.const 1025 i32.load drop", &[(Read, 1025, 4, "0x04030201")]),
    ("i32.const 1024 i32.load drop i32.const 1032 i64.load drop", &[]),
    ("i32.const 1024 i64.load drop", &[(Read, 1024, 8, "0x0706050403020100")]),
    ("i32.const 1021 f64.load drop", &[(Read, 1021, 8, "0x0403020100000000")]),
    ("i32.const 1028 i32.const -2 i32.store", &[(Write, 1028, 4, "0xfffffffe")]),
    ("i32.const 1030 i64.const 258 i64.store16", &[(Write, 1030, 2, "0x0102")]),
    ("i32.const 1028 f32.const 1 f32.store", &[(Write, 1028, 4, "0x3f800000")]),
    ("i32.const 1024 f64.const 1 f64.store", &[(Write, 1024, 8, "0x3ff0000000000000")]),
    (
        "i32.const 1020 v128.load drop",
        &[(Read, 1020, 16, "[00 00 00 00 00 01 02 03 04 05 06 07 08 09 0a 0b]")],
    ),
    (
        "i32.const 1028 v128.const i32x4 1 2 3 4 v128.load16_lane 0 drop",
        &[(Read, 1028, 2, "0x0504")],
    ),
    (
        "i32.const 1028 v128.const i32x4 1 2 3 4 v128.store32_lane 2",
        &[(Write, 1028, 4, "0x00000003")],
    ),
    ("i32.const 1028 v128.load32_zero drop", &[(Read, 1028, 4, "0x07060504")]),
    ("i32.const 1024 v128.load8x8_u drop", &[(Read, 1024, 8, "0x0706050403020100")]),
    ("i32.const 1028 i32.const 1 i32.atomic.rmw.add drop", &[(Update, 1028, 4, "0x07060505")]),
    (
        "i32.const 1028 i32.const 4 i32.const 9 i32.atomic.rmw8.cmpxchg_u drop",
        &[(Update, 1028, 1, "0x09")],
    ),
    ("i32.const 1028 i64.const 3 i64.atomic.store32", &[(Write, 1028, 4, "0x00000003")]),
    ("i32.const 1028 i32.const 0 memory.atomic.notify drop", &[]),
    (
        "i32.const 1020 i32.const 7 i32.const 10 memory.fill",
        &[(Write, 1020, 10, "[07 07 07 07 07 07 07 07 07 07]")],
    ),
    ("i32.const 1020 i32.const 7 i32.const 8 memory.fill", &[]),
    ("i32.const 1030 i32.const 7 i32.const 0 memory.fill", &[]),
    ("i32.const 1029 i32.const 2 i32.const 3 memory.init $more", &[(Write, 1029, 3, "[63 64 65]")]),
    (
        "i32.const 2048 i32.const 1024 i32.const 8 memory.copy",
        &[(Read, 1024, 8, "0x0706050403020100")],
    ),
    (
        "i32.const 1026 i32.const 1024 i32.const 8 memory.copy",
        // The value of the read is the one before the copy, although the copy has written over it.
        &[(Read, 1024, 8, "0x0706050403020100"), (Write, 1026, 8, "0x0706050403020100")],
    ),
    (
        "i32.const 1 if i32.const 1028 i32.load drop else unreachable end",
        &[(Read, 1028, 4, "0x07060504")],
    ),
    ("i32.const 0 if unreachable i32.store end", &[]),
];

#[test]
fn each_operator_is_seen_inside_and_not_beside_the_range() {
    for (code, expected) in CASES {
        let report = watched(&body(code), 1028..1032, "run", &[]);
        assert_eq!(said(&report), *expected, "{code}");
        assert_eq!(report.total, expected.len() as u64, "{code}");
        assert_eq!(report.ended, "returned", "{code}");
        assert!(!report.unseen, "{code}");
    }
    let bulk = "i32.const 1000 i32.const 9 i32.const 100 memory.fill";
    let report = watched(&body(bulk), 1028..1032, "run", &[]);
    assert_eq!(said(&report), [(Access::Write, 1000, 100, "0x09090909")]);
}

#[test]
fn what_traps_is_not_reported_and_ends_the_run() {
    let report = watched(&body("i32.const 65533 i32.load drop"), 65533..65536, "run", &[]);
    assert_eq!(
        (report.total, report.ended.as_str()),
        (0, "wasm trap: out of bounds memory access")
    );
    let report = watched(&body("i32.const 1028 i32.load drop unreachable"), 1028..1032, "run", &[]);
    assert_eq!(report.total, 1);
    assert_eq!(report.ended, "wasm trap: wasm `unreachable` instruction executed");
    let report = watched(&body("loop i32.const 0 i32.load drop br 0 end"), 0..4, "run", &[]);
    assert_eq!(report.ended, "wasm trap: all fuel consumed by WebAssembly");
    assert!(report.total > 1000 && report.first.len() == 10, "{}", report.total);
}

#[test]
fn ranges_of_any_size_can_be_watched() {
    let code = "i32.const 0 i32.load8_u drop i32.const 65528 i64.load drop";
    for (range, total) in [
        (0..u64::MAX, 2),
        (0..1 << 32, 2),
        (1..u64::MAX, 1),
        (65_535..1 << 40, 1),
        (65_536..1 << 63, 0),
        (u64::MAX - 1..u64::MAX, 0),
    ] {
        let report = watched(&body(code), range.clone(), "run", &[]);
        assert_eq!((report.total, report.unseen), (total, false), "{range:?}");
    }
}

#[test]
fn wide_addresses_and_other_memories_are_told_apart() {
    let module = wat("(module (memory i64 1) (memory $other 1)
        (func (export \"run\")
          i64.const 8 i64.const 7 i64.store8
          i32.const 8 i32.const 1 i32.store8 $other
          i64.const 0 i32.const 3 i64.const 16 memory.fill
          i32.const 0 i64.const 8 i32.const 2 memory.copy $other 0))");
    let report = watched(&module, 8..10, "run", &[]);
    let expected = [
        (Access::Write, 8, 1, "0x07"),
        (Access::Write, 0, 16, "[07 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00]"),
        (Access::Read, 8, 2, "0x0303"),
    ];
    assert_eq!(report.total, 3);
    assert_eq!(said(&report)[0], expected[0]);
    assert_eq!(said(&report)[2], expected[2]);
    assert_eq!(report.first[1].value, "[03 03 03 03 03 03 03 03 03 03 03 03 03 03 03 03]");
}

#[test]
fn callers_are_named_through_tables_tail_calls_and_exceptions() {
    let module =
        wat("(module (memory 1) (table funcref (elem $leaf)) (tag $t) (type $f (func (param i32)))
        (func $leaf (param i32) local.get 0 i32.const 5 i32.store)
        (func $tail (param i32) local.get 0 return_call $leaf)
        (func $thrower throw $t)
        (func $deep (param i32) local.get 0 i32.const 0 call_indirect (type $f))
        (func $catcher (param i32)
          block try_table (catch_all 0) call $thrower end end
          local.get 0 call $deep)
        (func (export \"run\") (param i32)
          local.get 0 call $tail
          local.get 0 call $catcher))");
    let report = watched(&module, 64..68, "run", &[Val::I32(64)]);
    let stacks: Vec<Vec<&str>> = report
        .first
        .iter()
        .map(|hit| hit.stack.iter().map(|frame| frame.name.as_str()).collect())
        .collect();
    let run = format!("func{}", 5);
    // A tail call takes the place of its function.
    assert_eq!(stacks, [vec![run.as_str()], vec!["deep", "catcher", &run]]);
    assert_eq!(report.sites.len(), 1);
    assert_eq!((report.sites[0].times, report.sites[0].place.name.as_str()), (2, "leaf"));
    assert!(!report.sites[0].predicted);
    let hit = &report.first[1];
    assert_eq!((hit.before.as_deref(), hit.value.as_str()), (Some("0x00000005"), "0x00000005"));
}

#[test]
fn segments_and_the_start_function_come_first_and_the_host_is_seen() {
    let module = wat("(module (import \"wasi_snapshot_preview1\" \"random_get\" (func $random (param i32 i32) (result i32)))
        (memory (export \"memory\") 1) (data (i32.const 6) \"\\01\\02\\03\\04\")
        (func $start i32.const 8 i32.const 9 i32.store8) (start $start)
        (func (export \"run\") i32.const 8 i32.const 4 call $random drop i32.const 64 i32.const 4 call $random drop))");
    let mut wasi = WasiCtxBuilder::new();
    wasi.randomness(Randomness::Seeded(1));
    let program = Program {
        wasi: wasi.build(),
        invoke: Some("run"),
        args: &|_: &FuncType| Ok(Vec::new()),
        fuel: None,
        first: 10,
        memory: 0,
    };
    let report = watch(&module, 8..12, program).expect("it can be run");
    assert_eq!(report.initial.len(), 1);
    assert_eq!((report.initial[0].address, report.initial[0].value.as_str()), (8, "0x0403"));
    let access: Vec<Access> = report.first.iter().map(|hit| hit.access).collect();
    assert_eq!(access, [Access::Write, Access::HostWrite]);
    assert_eq!(report.first[0].before.as_deref(), Some("0x03"));
    assert_eq!(report.first[1].place.operator, "call random");
}

fn program(path: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("it is carried")
}

/// The same grants each time: fixed clocks and randomness, captured output.
fn fixed(output: &Captured) -> WasiCtxBuilder {
    let mut builder = WasiCtxBuilder::new();
    builder.stdout(Box::new(output.clone())).stderr(Box::new(output.clone())).arg("program");
    builder
        .clocks(Clocks::Virtual { realtime_ns: 0, step_ns: 1 })
        .randomness(Randomness::Seeded(7));
    builder
}

/// Runs a program without a watch: how it ends, in the words of a report.
fn plain(wasm: &[u8], wasi: WasiCtx, invoke: &str, args: &[Val]) -> String {
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    wasi::add_to_linker(&mut linker, |ctx| ctx).expect("the linker is new");
    let mut store = Store::new(&engine, wasi);
    let module = prova_core::Module::new(&engine, wasm).expect("it is valid");
    let instance = linker.instantiate(&mut store, &module).expect("its imports are WASI's");
    if let Some(initialize) = instance.get_func(&store, "_initialize") {
        initialize.call(&mut store, &[], &mut []).expect("it can be initialised");
    }
    let func = instance.get_func(&store, invoke).expect("it is exported");
    let mut results = vec![Val::I32(0); func.ty(&store).results().len()];
    match func.call(&mut store, args, &mut results) {
        Ok(()) => {
            let values: Vec<String> = results.iter().map(ToString::to_string).collect();
            format!("returned {}", values.join(", ")).trim_end().to_owned()
        }
        Err(error) => match error.downcast_ref::<wasi::I32Exit>() {
            Some(code) => format!("exited with {}", code.0),
            None => panic!("{error:#}"),
        },
    }
}

#[test]
fn the_leaked_seed_is_read_and_written_where_xref_says() {
    let wasm = program("../../tests/cases/feature-leak/leaky1.wasm");
    let module = decode(wasm.clone());
    let args = [Val::I32(5)];
    let report = watched(&module, 1_051_688..1_051_692, "generate", &args);
    assert!(report.total > 0, "{}", report.tree().to_text());
    assert!(report.sites.iter().all(|count| count.predicted && count.place.name == "generate"));
    let places = report.sites.len() + report.not_reached.len();
    assert_eq!(places, 4, "{}", report.tree().to_text());
    assert_eq!(report.initial.len(), 1);
    assert_eq!(report.ended, plain(&wasm, WasiCtx::default(), "generate", &args));
}

#[test]
fn a_watched_program_prints_what_it_prints_otherwise() {
    for (file, words) in [
        (
            "lua-5.4.7.wasm",
            &["-e", "local t = {} for i = 1, 300 do t[#t + 1] = i * i end print(#t, t[17], t)"][..],
        ),
        ("coremark-rs-1.0.0.wasm", &["20"][..]),
    ] {
        let wasm = program(&format!("../../programs/bin/{file}"));
        let module = decode(wasm.clone());
        let grants = |output: &Captured| {
            let mut builder = fixed(output);
            builder.args(words.iter());
            builder.build()
        };
        let (seen, alone) = (Captured::new(1 << 20), Captured::new(1 << 20));
        let watching = Program {
            wasi: grants(&seen),
            invoke: None,
            args: &|_: &FuncType| Ok(Vec::new()),
            fuel: None,
            first: 2,
            memory: 0,
        };
        // The first frames of the program's own stack.
        let (_, top) = MemoryMap::new(&module).stack_pointer.expect("it has a stack");
        let report = watch(&module, top - 4096..top, watching).expect("it can be run");
        assert_eq!(report.ended, plain(&wasm, grants(&alone), "_start", &[]), "{file}");
        assert_eq!(seen.content(), alone.content(), "{file}");
        assert!(!alone.content().is_empty(), "{file}");
        assert!(report.total > 0, "{file}: {}", report.tree().to_text());
        let innermost = report.first[0].stack.last();
        assert!(innermost.is_none_or(|frame| !frame.name.is_empty()), "{file}");
    }
}

#[test]
fn what_cannot_run_says_why() {
    let no_args = |_: &FuncType| Ok(Vec::new());
    let error = |module: &Module, invoke: Option<&str>| {
        let program = Program {
            wasi: WasiCtx::default(),
            invoke,
            args: &no_args,
            fuel: None,
            first: 1,
            memory: 0,
        };
        let error = watch(module, 0..4, program).expect_err("it cannot run");
        format!("{error:#}")
    };
    assert_eq!(error(&wat("(module)"), None), "the module has no memory");
    assert_eq!(error(&body(""), None), "the module exports no function `_start`; it exports `run`");
    let hostile = error(&body(""), Some("\u{1b}"));
    assert_eq!(hostile, "the module exports no function `\\u{1b}`; it exports `run`");
    let none = wat("(module (memory 1))");
    assert!(error(&none, None).ends_with("; it exports none"));
    let import = |import: &str| {
        let module = wat(&format!("(module (import {import}) (memory 1) (func (export \"run\")))"));
        error(&module, Some("run"))
    };
    let unknown = import("\"e\" \"g\" (global i32)");
    assert!(unknown.contains("`e::g`"), "{unknown}");
    let own = import("\"prova:watch\" \"host\" (func (param i32 i32))");
    assert_eq!(own, "the module imports from `prova:watch`, where reports go");
}

/// A program of WASI, and what is seen of 1024..1040.
#[test]
fn what_wasi_reads_and_writes_is_seen() {
    let module = wat("(module
        (import \"wasi_snapshot_preview1\" \"fd_write\" (func $write (param i32 i32 i32 i32) (result i32)))
        (import \"wasi_snapshot_preview1\" \"clock_time_get\" (func $time (param i32 i64 i32) (result i32)))
        (memory (export \"memory\") 1)
        (data (i32.const 512) \"\\00\\04\\00\\00\\03\\00\\00\\00\\04\\04\\00\\00\\04\\00\\00\\00\")
        (data (i32.const 1024) \"one\\00two\\n\")
        (func (export \"run\")
          i32.const 1 i32.const 512 i32.const 2 i32.const 600 call $write drop
          i32.const 99 i32.const 512 i32.const 2 i32.const 600 call $write drop
          i32.const 1 i64.const 1 i32.const 1032 call $time drop))");
    let output = Captured::new(100);
    let program = Program {
        wasi: fixed(&output).build(),
        invoke: Some("run"),
        args: &|_: &FuncType| Ok(Vec::new()),
        fuel: None,
        first: 10,
        memory: 0,
    };
    let report = watch(&module, 1024..1040, program).expect("it can be run");
    assert_eq!(output.content(), b"onetwo\n");
    let seen: Vec<(Access, u64, u64)> =
        report.first.iter().map(|hit| (hit.access, hit.address, hit.bytes)).collect();
    let (read, wrote) = (Access::HostRead, Access::HostWrite);
    assert_eq!(
        seen,
        [(read, 1024, 3), (read, 1028, 4), (wrote, 1032, 8)],
        "{}",
        report.tree().to_text()
    );
    assert_eq!(report.first[0].value, "[6f 6e 65]");
    assert_eq!(report.first[2].before.as_deref(), Some("0x0000000000000000"));
    assert!(!report.unseen && report.tree().to_text().contains("read by the host"));
}

#[test]
fn every_memory_can_be_watched() {
    let module = wat("(module (memory 1) (memory $second 1) (memory $wide i64 1)
        (data (memory $second) (i32.const 1024) \"\\01\\02\\03\\04\")
        (func (export \"run\")
          i32.const 1024 i32.load drop
          i32.const 1024 i32.load $second drop
          i32.const 1024 i32.const 1024 i32.const 4 memory.copy 0 $second
          i64.const 1024 i32.const 7 i32.store $wide))");
    let of = |memory| {
        let program = Program {
            wasi: WasiCtx::default(),
            invoke: Some("run"),
            args: &|_: &FuncType| Ok(Vec::new()),
            fuel: None,
            first: 10,
            memory,
        };
        watch(&module, 1024..1028, program)
    };
    let seen = |memory| -> Vec<(Access, String)> {
        let report = of(memory).expect("it can be run");
        report.first.iter().map(|hit| (hit.access, hit.value.clone())).collect()
    };
    let (zero, data, seven) = ("0x00000000", "0x04030201", "0x00000007");
    assert_eq!(seen(0), [(Read, zero.into()), (Write, data.into())]);
    assert_eq!(seen(1), [(Read, data.into()), (Read, data.into())]);
    assert_eq!(seen(2), [(Write, seven.into())]);
    let error = of(3).map(|_| ()).expect_err("there is no such memory");
    assert_eq!(error.to_string(), "the module has no memory 3: it has 3");
}
