//! Measures the speed of the check:
//! `cargo run --release -p prova-bytecode --example check_speed FILE…` prints for each module what
//! translating all its functions takes and what checking them takes besides, each the best of some
//! passes in processor time of the thread, and the ratio of both. It ends with code 1 if a
//! candidate is refused.

use prova_bytecode::{CheckedBytecode, Settings};
use prova_module::{Features, Limits, Module};
use prova_translate::Translator;
use rustix::time::{ClockId, clock_gettime};
use std::process::ExitCode;
use std::time::Duration;

/// The processor time of this thread: other work on the machine does not count.
fn now() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn main() -> ExitCode {
    let mut refused = 0;
    for file in std::env::args().skip(1) {
        let bytes = std::fs::read(&file).expect("a readable file");
        let module = match Module::decode(bytes, &Features::default(), &Limits::default()) {
            Ok(module) => module,
            Err(error) => {
                println!("{file}: {error}");
                continue;
            }
        };
        let body = |func| module.body(func).map_or(0, |body| body.bytes().len());
        let size: usize = module.defined_funcs().map(body).sum();
        let passes = if size > 4 << 20 { 3 } else { 10 };
        let mut translator = Translator::new();
        let (mut translate, mut check) = (Duration::MAX, Duration::MAX);
        let mut words = 0;
        for pass in 0..passes {
            let (mut translating, mut checking) = (Duration::ZERO, Duration::ZERO);
            for func in module.defined_funcs() {
                let start = now();
                let candidate = translator.translate(&module, func, &Settings::default());
                let middle = now();
                translating += middle - start;
                let Ok(candidate) = candidate else { continue };
                words += if pass == 0 { candidate.words.len() } else { 0 };
                let checked = CheckedBytecode::check(&module, &Settings::default(), candidate);
                checking += now() - middle;
                if let Err(error) = checked
                    && pass == 0
                {
                    refused += 1;
                    println!("{file}: {error}");
                }
            }
            translate = translate.min(translating);
            check = check.min(checking);
        }
        let rate = |time: Duration| size as f64 / time.as_secs_f64() / 1e6;
        println!(
            "{file}: {size} bytes of bodies, {words} words; translate {:.1} MB/s, check {:.1} MB/s; check / translate = {:.2}",
            rate(translate),
            rate(check),
            check.as_secs_f64() / translate.as_secs_f64(),
        );
    }
    if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
