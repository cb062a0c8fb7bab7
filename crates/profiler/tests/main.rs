//! Programs are sampled where they spend their time, and the profile says so.

use prova_core::*;
use prova_profiler::{GuestProfiler, NAME_CHARS_MAX};
use serde_json::Value;
use std::time::Duration;

const INTERVAL: Duration = Duration::from_millis(1);

/// The profile of a call, sampled at each tick that the test makes, and the number of samples.
fn profile(tier: Tier, module: &str, export: &str, arg: i32) -> (Value, u64) {
    let mut config = Config::new();
    config.epoch_interruption(true).tier(tier);
    let engine = Engine::new(&config).expect("a configuration");
    let mut store = Store::new(&engine, (GuestProfiler::new("a\u{1b}program", INTERVAL), 0));
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut store| {
        let backtrace = WasmBacktrace::at_epoch(&store);
        store.data_mut().1 += 1;
        let time = INTERVAL * store.data().1 as u32;
        store.data_mut().0.sample_at(&backtrace, time);
        Ok(UpdateDeadline::Continue(1))
    });
    let module = Module::new(&engine, wat::parse_str(module).expect("text")).expect("a module");
    let ticking = engine.clone();
    let tick = Func::wrap(&mut store, move || ticking.increment_epoch());
    let instance = Instance::new(&mut store, &module, &[tick.into()]).expect("it fits");
    let func = instance.get_typed_func::<i32, ()>(&mut store, export).expect("an export");
    func.call(&mut store, arg).expect("it ends");
    assert!(WasmBacktrace::at_epoch(&store).frames().is_empty(), "there is no callback");
    let (profiler, samples) = store.into_data();
    assert_eq!(profiler.dropped(), 0);
    let mut text = Vec::new();
    profiler.finish(&mut text).expect("it is written");
    (serde_json::from_slice(&text).expect("JSON"), samples)
}

/// The samples of a profile: how often each stack, the outermost function first.
fn stacks(profile: &Value) -> Vec<(String, i64)> {
    let thread = &profile["threads"][0];
    let strings = profile["shared"]["stringArray"].as_array().or(thread["stringArray"].as_array());
    let strings = strings.expect("strings");
    let at = |table: &str, column: &str, row: i64| thread[table][column][row as usize].as_i64();
    let name = |stack: i64| {
        let frame = at("stackTable", "frame", stack).expect("a frame");
        let func = at("frameTable", "func", frame).expect("a function");
        let name = at("funcTable", "name", func).expect("a name");
        strings[name as usize].as_str().expect("a string").to_owned()
    };
    let samples = &thread["samples"];
    let mut found: Vec<(String, i64)> = Vec::new();
    for (i, stack) in samples["stack"].as_array().expect("samples").iter().enumerate() {
        let mut names = Vec::new();
        let mut next = stack.as_i64();
        while let Some(stack) = next {
            names.insert(0, name(stack));
            next = at("stackTable", "prefix", stack);
        }
        let weight = samples["weight"][i].as_i64().expect("a weight");
        let path = names.join(" / ");
        match found.iter_mut().find(|(known, _)| *known == path) {
            Some((_, sum)) => *sum += weight,
            None => found.push((path, weight)),
        }
    }
    found
}

const CALLS: &str = r#"(module $m
    (import "host" "tick" (func $tick))
    (func $often (param i32)
      (loop $l
        (call $tick)
        (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
    (func $once (call $tick))
    (func (export "run") (param i32)
      (call $once)
      (call $often (local.get 0))))"#;

/// A tick in a host function counts for the code that called it, in each tier.
#[test]
fn samples_have_the_frames_of_the_code_that_runs() {
    for tier in Tier::ALL {
        let (profile, samples) = profile(tier, CALLS, "run", 7);
        assert_eq!(samples, 8);
        let expected = [("run (m) / $once (m)", 1), ("run (m) / $often (m)", 7)];
        let expected = expected.map(|(path, times)| (path.replace('$', ""), times));
        assert_eq!(stacks(&profile), expected, "{tier}");
        assert_eq!(profile["meta"]["product"], "a?program");
    }
}

/// A deadline that passed meets the next poll: the entry of a function, and the round of a loop.
#[test]
fn polls_of_entries_and_rounds_are_sampled() {
    let module = r#"(module
        (import "host" "tick" (func $tick))
        (func $leaf (param i32) (result i32) (i32.sub (local.get 0) (i32.const 1)))
        (func (export "run") (param i32)
          (loop $l (br_if $l (local.tee 0 (call $leaf (local.get 0)))))))"#;
    for tier in Tier::ALL {
        let mut config = Config::new();
        config.epoch_interruption(true).tier(tier);
        let engine = Engine::new(&config).expect("a configuration");
        let mut store = Store::new(&engine, Vec::new());
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |mut store| {
            let frames = WasmBacktrace::at_epoch(&store);
            let funcs: Vec<u32> = frames.frames().iter().map(|frame| frame.func_index()).collect();
            let offsets = frames.frames().iter().all(|frame| frame.module_offset().is_some());
            assert!(offsets, "{tier}: {frames}");
            store.data_mut().push(funcs);
            Ok(UpdateDeadline::Continue(1))
        });
        let module = Module::new(&engine, wat::parse_str(module).expect("text")).expect("a module");
        let tick = Func::wrap(&mut store, || ());
        let instance = Instance::new(&mut store, &module, &[tick.into()]).expect("it fits");
        let run = instance.get_typed_func::<i32, ()>(&mut store, "run").expect("an export");
        engine.increment_epoch();
        let _ticker = engine.tick(Duration::from_micros(50)).expect("a thread");
        run.call(&mut store, 2_000_000).expect("it ends");
        let seen = store.into_data();
        assert_eq!(seen[0], [2], "{tier}: due before the entry");
        let others = |frames: &Vec<u32>| frames != &[2] && frames != &[1, 2];
        assert!(seen.contains(&vec![1, 2]) && !seen.iter().any(others), "{tier}: {seen:?}");
    }
}

#[test]
fn a_long_name_is_cut() {
    let name = "n".repeat(10_000);
    let module = CALLS.replace("$once", &format!("${name}"));
    let (profile, _) = profile(Tier::default(), &module, "run", 1);
    let stacks = stacks(&profile);
    assert_eq!(stacks[0].0.len(), "run (m) / ".len() + NAME_CHARS_MAX);
}
