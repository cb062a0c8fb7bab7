//! Measures how long modules take to decode and validate:
//! `cargo run --release -p prova-module --example decode_speed parser|frames|facts FILE [TIMES]`
//! prints the least time of some passes over the bytes in memory: of wasmparser's validator alone,
//! of `Module::decode`, or of `Module::decode_with_facts`.

use prova_module::{Features, Limits, Module};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmparser::Validator;

/// Whether the module is accepted.
fn pass(mode: &str, bytes: &Arc<[u8]>) -> Option<bool> {
    let (features, limits) = (Features::default(), Limits::default());
    match mode {
        "parser" => Some(Validator::new().validate_all(bytes).is_ok()),
        "frames" => Some(Module::decode(Arc::clone(bytes), &features, &limits).is_ok()),
        "facts" => Some(Module::decode_with_facts(Arc::clone(bytes), &features, &limits).is_ok()),
        _ => None,
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (mode, file, times) = match args.as_slice() {
        [mode, file] => (mode, file, Some(20)),
        [mode, file, times] => (mode, file, times.parse().ok()),
        _ => return ExitCode::from(2),
    };
    let bytes: Arc<[u8]> = match std::fs::read(file) {
        Ok(bytes) => bytes.into(),
        Err(error) => {
            println!("{file}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut least = Duration::MAX;
    for _ in 0..times.unwrap_or(1usize).max(1) {
        let start = Instant::now();
        let Some(accepted) = pass(mode, &bytes) else { return ExitCode::from(2) };
        least = least.min(start.elapsed());
        if !accepted {
            println!("{file}: refused");
            return ExitCode::FAILURE;
        }
    }
    println!("{file}: {mode}: {:.1} ms", least.as_secs_f64() * 1e3);
    ExitCode::SUCCESS
}
