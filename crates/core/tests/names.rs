//! Names that users of other engines know: each next to the one that must be refused.
//!
//! A green run does not show that programs written for other engines compile: `tests/api` does.

use crate::common::{each_tier, module};
use prova_core::*;

#[test]
fn settings_without_a_counterpart_are_refused_by_name() {
    type Setting = fn(&mut Config) -> &mut Config;
    let refused: [(&str, Setting); 5] = [
        ("debug_info", |config| config.debug_info(true)),
        ("profiler", |config| config.profiler(ProfilingStrategy::VTune)),
        ("cranelift_flag_set", |config| config.cranelift_flag_enable("has_avx")),
        ("cranelift_nan_canonicalization", |config| config.cranelift_nan_canonicalization(true)),
        ("strategy", |config| config.strategy(Strategy::Cranelift)),
    ];
    for (name, set) in refused {
        let mut config = Config::new();
        let error = Engine::new(set(&mut config)).expect_err(name).to_string();
        assert!(error.starts_with(&format!("`Config::{name}`")), "{error}");
    }
    let taken: [Setting; 11] = [
        |config| config.debug_info(true).debug_info(false),
        |config| config.wasm_gc(false),
        |config| config.wasm_gc(true),
        |config| config.profiler(ProfilingStrategy::None),
        |config| config.profiler(ProfilingStrategy::JitDump),
        |config| config.cranelift_nan_canonicalization(true).deterministic(true),
        |config| config.strategy(Strategy::Winch),
        |config| config.strategy(Strategy::Cranelift).strategy(Strategy::Auto),
        |config| config.cranelift_opt_level(OptLevel::SpeedAndSize).parallel_compilation(false),
        |config| config.memory_reservation(0).memory_guard_size(1 << 20).memory_may_move(true),
        |config| config.async_support(true).relaxed_simd_deterministic(true),
    ];
    for set in taken {
        Engine::new(set(&mut Config::new())).expect("it can be");
    }
}

#[test]
fn code_is_made_for_this_platform_alone() {
    let (arch, os) = (std::env::consts::ARCH, std::env::consts::OS);
    let mut config = Config::new();
    assert!(config.target(arch).is_ok());
    assert!(config.target(&format!("{arch}-unknown-{os}-gnu")).is_ok());
    assert!(config.target("sparc64").is_err());
    assert!(config.target(&format!("{arch}-unknown-hermit")).is_err());
    assert!(config.target("").is_err());
}

#[test]
fn an_engine_can_be_held_without_keeping_it() {
    let engine = Engine::default();
    let weak = engine.weak();
    assert!(weak.upgrade().is_some_and(|same| Engine::same(&same, &engine)));
    drop(engine);
    assert!(weak.upgrade().is_none());
}

#[test]
fn text_is_read_where_there_is_a_reader() -> Result<()> {
    let text = "(module (func (export \"f\")))";
    let plain = Engine::default();
    let error = Module::new(&plain, text).expect_err("there is no reader");
    assert_eq!(ErrorKind::of(&error), Some(ErrorKind::Invalid));
    assert!(!error.is::<InvalidText>());

    let mut config = Config::new();
    config.text_format(|text| wat::parse_str(text).map_err(|error| error.to_string()));
    let engine = Engine::new(&config)?;
    assert!(Module::new(&engine, text)?.get_export("f").is_some());
    assert!(Module::from_binary(&engine, text.as_bytes()).is_err());
    for wrong in
        ["(module (func", "text", "(module (import \"\" \"\" (func)) (memory 1) \"\u{fffd}\")"]
    {
        let error = Module::new(&engine, wrong).expect_err(wrong);
        assert!(error.is::<InvalidText>(), "{error:?}");
        assert_eq!(ErrorKind::of(&error), Some(ErrorKind::Invalid));
    }
    let error = Module::new(&engine, b"\xff\xfe").expect_err("no UTF-8");
    assert!(error.to_string().contains("nor UTF-8"), "{error}");
    // What begins as a module is none of text.
    for cut in [&b""[..], b"\0as", b"\0asm\x01"] {
        assert!(Module::new(&engine, cut).expect_err("too short").is::<InvalidModule>());
    }
    let folder = std::env::temp_dir().join(format!("prova-text-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let file = folder.join("wrong.wat");
    std::fs::write(&file, "(module (wrong))")?;
    let error = Module::from_file(&engine, &file).expect_err("it is wrong").to_string();
    assert!(error.contains("wrong.wat"), "{error}");
    std::fs::write(&file, text)?;
    assert_eq!(Module::from_file(&engine, &file)?.exports().len(), 1);
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

#[test]
fn text_has_a_limit() -> Result<()> {
    let mut config = Config::new();
    config.text_format(|text| wat::parse_str(text).map_err(|error| error.to_string()));
    config.module_limits(Limits { module_bytes: 20, ..Limits::default() });
    let engine = Engine::new(&config)?;
    let text = |len: usize| format!("{:len$}", "(module)");
    Module::new(&engine, text(20))?;
    let error = Module::new(&engine, text(21)).expect_err("a byte more").to_string();
    assert_eq!(error, "limit text_bytes exceeded: 21 bytes of text, at most 20");
    Ok(())
}

#[test]
fn tables_are_filled_and_copied_within_their_ends() {
    each_tier(
        |_| {},
        |engine| {
            let mut store = Store::new(engine, ());
            let table = Table::new(
                &mut store,
                TableType::new(RefType::FUNCREF, 4, None),
                Ref::null(&HeapType::Func),
            )?;
            let func = Func::wrap(&mut store, || ());
            table.fill(&mut store, 1, func.into(), 2)?;
            let nulls = |store: &Store<()>| -> Vec<bool> {
                (0..4).filter_map(|at| Some(table.get(store, at)?.is_null())).collect()
            };
            assert_eq!(nulls(&store), [true, false, false, true]);
            Table::copy(&mut store, &table, 2, &table, 1, 2)?;
            assert_eq!(nulls(&store), [true, false, false, false]);
            let word = ExternRef::new(&mut store, 1)?;
            assert!(table.fill(&mut store, 3, func.into(), 2).is_err());
            assert!(table.fill(&mut store, 0, word.into(), 1).is_err());
            assert!(Table::copy(&mut store, &table, 3, &table, 0, 2).is_err());
            let words = Table::new(
                &mut store,
                TableType::new(RefType::EXTERNREF, 4, None),
                Some(word).into(),
            )?;
            assert!(Table::copy(&mut store, &table, 0, &words, 0, 1).is_err());
            assert_eq!(nulls(&store), [true, false, false, false]);
            Ok(())
        },
    );
}

#[test]
fn references_are_told_apart() -> Result<()> {
    let mut store = Store::new(&Engine::default(), ());
    let mut other = Store::new(&Engine::default(), ());
    let (one, two) = (ExternRef::new(&mut store, 1)?, ExternRef::new(&mut store, 1)?);
    let foreign = ExternRef::new(&mut other, 1)?;
    assert!(Rooted::ref_eq(&store, &one, &one)?);
    assert!(!Rooted::ref_eq(&store, &one, &two)?);
    assert!(Rooted::ref_eq(&store, &one, &foreign).is_err());
    assert!(foreign.data(&store).is_err() && foreign.data_mut(&mut store).is_err());
    if let Some(number) = one.data_mut(&mut store)?.and_then(|data| data.downcast_mut::<i32>()) {
        *number += 1;
    }
    store.gc(None)?;
    let data = one.data(&store)?.expect("it is of the host");
    assert_eq!(data.downcast_ref::<i32>(), Some(&2));
    let reference = Ref::from(one);
    assert!(reference.is_extern() && reference.is_non_null() && !reference.is_func());
    assert_eq!(reference.unwrap_extern(), Some(&one));
    assert!(reference.as_func().is_none());
    assert_eq!(reference.ty(&store)?, RefType::new(false, HeapType::Extern));
    assert!(reference.ty(&other).is_err());
    Ok(())
}

#[test]
fn a_collection_forgets_exceptions_that_nothing_refers_to() {
    each_tier(
        |_| {},
        |engine| {
            let mut store = Store::new(engine, ());
            let tag = Tag::new(&mut store, &FuncType::new(engine, [], []))?;
            let held = ExnRef::new(&mut store, tag, &[])?;
            let ty = GlobalType::new(ValType::EXNREF, Mutability::Var);
            let global = Global::new(&mut store, ty, Some(held).into())?;
            let lost = ExnRef::new(&mut store, tag, &[])?;
            store.gc(None)?;
            assert!(held.exception(&store).is_ok());
            assert!(lost.exception(&store).is_err());
            global.set(&mut store, Val::ExnRef(None))?;
            store.gc(None)?;
            assert!(held.exception(&store).is_err());
            Ok(())
        },
    );
}

#[test]
fn missing_imports_get_default_values() {
    each_tier(
        |_| {},
        |engine| {
            let text = r#"(module
                (import "a" "f" (func $f (param f64) (result i32 externref)))
                (import "a" "g" (global $g (mut i64)))
                (import "a" "t" (table 5 externref)) (import "a" "m" (memory 2 3))
                (import "b" "given" (func $given (result i32)))
                (func (export "run") (result i32)
                  (call $f (f64.const 1)) drop (i32.wrap_i64 (global.get $g))
                  (i32.add) (i32.add (table.size)) (i32.add (memory.size)) (i32.add (call $given))))"#;
            let module_of_text = module(engine, text)?;
            let mut store = Store::new(engine, ());
            let mut linker = Linker::new(engine);
            linker.func_wrap("b", "given", || 100)?;
            assert!(linker.instantiate(&mut store, &module_of_text).is_err());
            linker.define_unknown_imports_as_default_values(&mut store, &module_of_text)?;
            let instance = linker.instantiate(&mut store, &module_of_text)?;
            let run = instance.get_typed_func::<(), i32>(&mut store, "run")?;
            assert_eq!(run.call(&mut store, ())?, 107);
            let names: Vec<_> = linker
                .iter(&mut store)
                .map(|(module, name, _)| format!("{module}.{name}"))
                .collect();
            assert_eq!(names, ["a.f", "a.g", "a.m", "a.t", "b.given"]);
            assert!(linker.get(&mut store, "a", "m")?.into_memory().is_some());
            assert!(linker.get(&mut store, "a", "n").is_err());
            for text in [
                r#"(module (import "c" "tag" (tag)))"#,
                r#"(module (import "c" "f" (func (result (ref func)))))"#,
                r#"(module (import "c" "g" (global (ref extern))))"#,
            ] {
                let module = module(engine, text)?;
                let refused = linker.define_unknown_imports_as_default_values(&mut store, &module);
                assert_eq!(ErrorKind::of(&refused.expect_err("no default")), Some(ErrorKind::Link));
            }
            Ok(())
        },
    );
}

#[test]
fn a_core_dump_is_made_where_it_is_asked_for() {
    let text = r#"(module $m (memory 1 4) (memory i64 2) (global i32 (i32.const -5)) (global (mut funcref) (ref.null func))
        (func (export "f") (i64.store 1 (i64.const 70000) (i64.const -1)) (call $inner)) (func $inner unreachable))"#;
    for wanted in [true, false] {
        each_tier(
            |config| {
                config.coredump_on_trap(wanted);
            },
            |engine| {
                let mut store = Store::new(engine, ());
                let instance = Instance::new(&mut store, &module(engine, text)?, &[])?;
                let f = instance.get_typed_func::<(), ()>(&mut store, "f")?;
                let error = f.call(&mut store, ()).expect_err("it traps");
                assert!(error.is::<Trap>() && error.is::<WasmBacktrace>());
                assert_eq!(error.is::<WasmCoreDump>(), wanted);
                let Some(dump) = error.downcast_ref::<WasmCoreDump>() else { return Ok(()) };
                assert_eq!((dump.frames().len(), dump.memories().len()), (2, 2));
                let file = dump.serialize(&mut store, "m.wasm");
                let read = Module::new(engine, &file)?;
                let wasm = read.wasm();
                assert_eq!((wasm.memories().len(), wasm.globals().len()), (2, 2));
                // The dump of the dump's own memory: what it holds is in its data segments.
                let mut copy = Store::new(engine, ());
                Instance::new(&mut copy, &read, &[])?;
                Ok(())
            },
        );
    }
}

#[test]
fn exports_are_found_once_for_all_instances() -> Result<()> {
    let engine = Engine::default();
    let text = r#"(module (func (export "f") (result i32) (i32.const 1)))"#;
    let (first, second) = (module(&engine, text)?, module(&engine, text)?);
    let f = first.get_export_index("f").expect("it is there");
    assert!(first.get_export_index("g").is_none());
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &first, &[])?;
    let other = Instance::new(&mut store, &second, &[])?;
    assert!(instance.get_module_export(&store, &f).and_then(Extern::into_func).is_some());
    assert!(other.get_module_export(&store, &f).is_none());
    Ok(())
}

#[test]
fn types_of_memories_are_built_within_their_addresses() -> Result<()> {
    let mut config = Config::new();
    config.wasm_custom_page_sizes(true);
    let engine = Engine::new(&config)?;
    let mut store = Store::new(&engine, ());
    let bytes = MemoryType::builder().min(3).max(Some(5)).page_size_log2(0).build()?;
    let memory = Memory::new(&mut store, bytes)?;
    assert_eq!((memory.data_size(&store), memory.grow(&mut store, 2)?), (3, 3));
    assert!(memory.grow(&mut store, 1).is_err());

    // (64-bit, log2 of a page, the greatest number of pages)
    for (wide, log2, most) in
        [(false, 16, 1 << 16), (false, 0, 1 << 32), (true, 16, 1 << 48), (true, 0, u64::MAX)]
    {
        let mut builder = MemoryTypeBuilder::default();
        let builder = builder.memory64(wide).page_size_log2(log2).min(most);
        assert_eq!(builder.build()?.minimum(), most);
        if let Some(more) = most.checked_add(1) {
            assert!(builder.min(0).max(Some(more)).build().is_err());
            assert!(builder.min(more).max(None).build().is_err());
        }
    }
    assert!(MemoryType::builder().min(2).max(Some(1)).build().is_err());
    assert!(MemoryType::builder().shared(true).build().is_err(), "no greatest size");
    assert!(MemoryType::builder().max(Some(1)).shared(true).build()?.is_shared());
    for log2 in [1, 15, 17, 31, 64, 255] {
        assert!(MemoryType::builder().memory64(true).page_size_log2(log2).build().is_err());
    }
    Ok(())
}

#[test]
fn the_host_can_be_a_caller() -> Result<()> {
    let engine = Engine::default();
    let mut store = Store::new(&engine, 1);
    let mut caller = Caller::from(&mut store);
    assert!(caller.get_export("f").is_none(), "no instance calls");
    *caller.data_mut() += 1;
    assert_eq!(store.into_data(), 2);
    Ok(())
}

#[test]
fn modules_are_validated_and_keep_their_custom_sections() -> Result<()> {
    let engine = Engine::default();
    let bytes = b"\0asm\x01\0\0\0\0\x02\x01a\0\x03\x01ab";
    let module = Module::new(&engine, bytes)?;
    let sections: Vec<_> = module.custom_sections().map(|one| (one.name(), one.data())).collect();
    assert_eq!(sections, [("a", &b""[..]), ("a", b"b")]);
    let error = Module::new_unchecked(&engine, bytes).expect_err("there is none");
    assert_eq!(ErrorKind::of(&error), Some(ErrorKind::Misuse));
    assert!(error.to_string().starts_with("`Module::new_unchecked`"), "{error}");
    Ok(())
}

#[test]
fn a_linker_gets_all_unknown_imports_or_none() -> Result<()> {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let bytes = wat::parse_str(
        r#"(module (import "a" "f" (func)) (import "a" "m" (memory 1)) (import "a" "t" (tag)))"#,
    )?;
    let module = Module::new(&engine, bytes)?;
    let mut linker = Linker::new(&engine);
    assert!(linker.define_unknown_imports_as_traps(&module).is_err());
    assert_eq!(linker.iter(&mut store).count(), 0);
    assert!(linker.define_unknown_imports_as_default_values(&mut store, &module).is_err());
    assert_eq!(linker.iter(&mut store).count(), 0);
    let tag = Tag::new(&mut store, &FuncType::new(&engine, [], []))?;
    linker.define(&store, "a", "t", tag)?;
    linker.define_unknown_imports_as_default_values(&mut store, &module)?;
    assert_eq!(linker.iter(&mut store).count(), 3);
    linker.define_unknown_imports_as_traps(&module)?;
    linker.instantiate(&mut store, &module)?;
    Ok(())
}
