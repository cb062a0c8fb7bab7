//! Measures the speed of translation:
//! `cargo run --release -p prova-translate --example translate_speed FILE…` prints for each module the best
//! of ten passes over all its functions, and what a pass that only decodes the operators takes.

use prova_bytecode::{Op, Settings, decode};
use prova_module::{Features, Limits, Module};
use prova_translate::Translator;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

fn main() {
    for file in std::env::args().skip(1) {
        let bytes = std::fs::read(&file).expect("a readable file");
        let module = Module::decode(bytes, &Features::default(), &Limits::default());
        let module = match module {
            Ok(module) => module,
            Err(error) => {
                println!("{file}: {error}");
                continue;
            }
        };
        let body = |func| module.body(func).map_or(0, |body| body.bytes().len());
        let size: usize = module.defined_funcs().map(body).sum();
        let mut translator = Translator::new();
        let (mut words, mut ops) = (0, BTreeMap::<Op, usize>::new());
        let translate = best(|| {
            words = 0;
            for func in module.defined_funcs() {
                match translator.translate(&module, func, &Settings::default()) {
                    Ok(candidate) => words += candidate.words.len(),
                    Err(error) => println!("{file}: {error}"),
                }
            }
        });
        for func in module.defined_funcs() {
            let candidate = translator.translate(&module, func, &Settings::default());
            let words = candidate.map(|candidate| candidate.words).unwrap_or_default();
            let mut at = 0;
            while let Ok(inst) = decode(&words, at) {
                *ops.entry(inst.op).or_default() += 1;
                at = inst.next;
            }
        }
        let mut operators = 0usize;
        let read = best(|| {
            operators = 0;
            for body in module.defined_funcs().filter_map(|func| module.body(func)) {
                let mut reader = body.operators();
                while !reader.eof() && reader.read().is_ok() {
                    operators += 1;
                }
            }
        });
        let instructions: usize = ops.values().sum();
        println!(
            "{file}: {size} bytes, {operators} operators, {instructions} instructions, {words} words; \
             translate {:.1} MB/s ({:.1} ns per operator), decode alone {:.1} MB/s",
            size as f64 / translate.as_secs_f64() / 1e6,
            translate.as_nanos() as f64 / operators.max(1) as f64,
            size as f64 / read.as_secs_f64() / 1e6,
        );
        let mut frequent: Vec<(usize, Op)> = ops.into_iter().map(|(op, n)| (n, op)).collect();
        frequent.sort_by(|a, b| b.cmp(a));
        for (n, op) in frequent.into_iter().take(12) {
            println!("  {:5.1} % {}", n as f64 * 100.0 / instructions.max(1) as f64, op.mnemonic());
        }
    }
}

/// The least time that the thread runs for one of ten passes.
fn best(mut pass: impl FnMut()) -> Duration {
    let time = |_| {
        let start = running_time();
        pass();
        running_time() - start
    };
    (0..10).map(time).min().unwrap_or_default()
}

/// The time for which this thread has run, or the time of day where the system does not tell.
fn running_time() -> Duration {
    let parse = |text: String| text.split(' ').next()?.parse().ok();
    match std::fs::read_to_string("/proc/thread-self/schedstat").ok().and_then(parse) {
        Some(nanos) => Duration::from_nanos(nanos),
        None => SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
    }
}
