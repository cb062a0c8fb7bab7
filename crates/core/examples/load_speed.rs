//! Measures how long a module takes until it can be run:
//! `cargo run --release -p prova --example load_speed lazy|eager FILE [TIMES]` prints the least and
//! the median of some loads, in milliseconds of processor time of the process (with what its
//! threads took) and of time that passed. The file is read each time.

use prova_core::{Config, Engine, Module, Translate};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// The processor time of the process so far; zero where the system does not tell.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = |text: &str| -> Option<u64> {
        let mut fields = text.rsplit_once(')')?.1.split_whitespace().skip(11);
        let user: u64 = fields.next()?.parse().ok()?;
        let system: u64 = fields.next()?.parse().ok()?;
        Some(user + system)
    };
    Duration::from_millis(10 * ticks(&text).unwrap_or_default())
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (mode, file, times) = match args.as_slice() {
        [mode, file] => (mode, file, Some(1)),
        [mode, file, times] => (mode, file, times.parse().ok()),
        _ => return ExitCode::from(2),
    };
    let translate = match mode.as_str() {
        "lazy" => Translate::Lazy,
        "eager" => Translate::Eager,
        _ => return ExitCode::from(2),
    };
    let mut config = Config::default();
    config.translate(translate);
    let engine = Engine::new(&config).expect("the settings go together");
    let mut passed = Vec::new();
    let before = processor_time();
    let times = times.unwrap_or(1usize).max(1);
    for _ in 0..times {
        let start = Instant::now();
        if let Err(error) = Module::from_file(&engine, file) {
            println!("{file}: {error:?}");
            return ExitCode::FAILURE;
        }
        passed.push(start.elapsed());
    }
    let worked = (processor_time() - before) / times as u32;
    passed.sort_unstable();
    let (least, median) = (passed[0], passed[passed.len() / 2]);
    println!(
        "{mode}: least {:.1} ms, median {:.1} ms; processor {:.0} ms each",
        least.as_secs_f64() * 1e3,
        median.as_secs_f64() * 1e3,
        worked.as_secs_f64() * 1e3,
    );
    ExitCode::SUCCESS
}
