//! Backtraces of modules with debug information. Each test runs with each engine of
//! [`crate::engines`]; the crate `prova` includes this file, with machine code.

use prova_core::*;

/// See `crates/symbols/tests/modules`.
const MODULE: &[u8] = include_bytes!("../../symbols/tests/modules/cpp5.wasm");

/// The backtrace of a call that traps.
fn backtrace(engine: &Engine, export: &str, arg: i32) -> Result<WasmBacktrace> {
    let module = Module::new(engine, MODULE)?;
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let func = instance.get_typed_func::<i32, ()>(&mut store, export);
    let error = match func {
        Ok(func) => func.call(&mut store, arg).expect_err("a trap"),
        Err(_) => {
            let func = instance.get_typed_func::<i32, i32>(&mut store, export)?;
            func.call(&mut store, arg).expect_err("a trap")
        }
    };
    Ok(error.downcast_ref::<WasmBacktrace>().expect("a backtrace").clone())
}

/// Without the offsets.
fn shown(backtrace: &WasmBacktrace) -> String {
    let text = backtrace.to_string();
    let line = |line: &str| match line.split_once(" - ") {
        Some((before, rest)) if before.contains("0x") => {
            format!("{} - {rest}", before.split("0x").next().unwrap_or_default().trim_end())
        }
        _ => line.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn frames_name_their_places_in_the_source() -> Result<()> {
    for (name, engine) in crate::engines() {
        let expected = "\
error while executing at wasm backtrace:
    0: - geometry::Pair<int>::ratio() const
                    at /src/shapes.cpp:9:18
                - geometry::mean(geometry::Pair<int>)
                    at /src/shapes.cpp:14:34
                - geometry::worst(geometry::Pair<int> const*, int)
                    at /src/shapes.cpp:20:20
    1: - run
                    at /src/shapes.cpp:33:12";
        assert_eq!(shown(&backtrace(&engine, "run", 3)?), expected, "{name}");
    }
    Ok(())
}

#[test]
fn frames_can_be_asked_one_by_one() -> Result<()> {
    for (name, engine) in crate::engines() {
        let backtrace = backtrace(&engine, "stop", 2)?;
        let lines = backtrace.frames().iter().map(|frame| {
            let symbol = frame.symbols().first().expect("a symbol");
            (symbol.name(), symbol.file(), symbol.line(), symbol.column().is_some())
        });
        let place = |line| (Some("stop"), Some("/src/shapes.cpp"), Some(line), true);
        let expected = [place(41), place(38), place(38)];
        assert_eq!(lines.collect::<Vec<_>>(), expected, "{name}");
    }
    Ok(())
}

#[test]
fn they_do_not_where_that_is_disabled() -> Result<()> {
    let mut config = Config::new();
    config.wasm_backtrace_details(WasmBacktraceDetails::Disable);
    let backtrace = backtrace(&Engine::new(&config)?, "stop", 0)?;
    assert!(backtrace.frames().iter().all(|frame| frame.symbols().is_empty()));
    let expected = "error while executing at wasm backtrace:\n    0: - <unknown>!stop";
    assert_eq!(shown(&backtrace), expected);
    Ok(())
}
