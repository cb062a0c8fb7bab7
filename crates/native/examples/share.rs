//! Compiles, certifies and checks every function of the modules named, one after the other, and
//! prints how many are machine code, the reasons of the rest, sizes, and the time of each stage.
//!
//! ```text
//! cargo run --release -p prova-native --example share -- [--explicit] [--no-signals] [--fuel] [--epochs] programs/bin/*.wasm
//! ```

use prova_check::{Config, MemoryShape};
use prova_module::{Features, Limits, Module};
use prova_native::survey;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut config = Config::default();
    for arg in std::env::args().skip(1) {
        match arg.as_str() {
            "--explicit" => config.memory = MemoryShape::Explicit,
            "--no-signals" => {
                (config.memory, config.signals) = (MemoryShape::Explicit, false);
            }
            "--fuel" => config.metering.fuel = true,
            "--epochs" => config.metering.epoch = true,
            file => {
                if let Err(error) = share(file, &config) {
                    eprintln!("{file}: {error}");
                    return ExitCode::FAILURE;
                }
            }
        }
    }
    ExitCode::SUCCESS
}

fn share(file: &str, config: &Config) -> Result<(), Box<dyn std::error::Error>> {
    let module = Module::decode(std::fs::read(file)?, &Features::default(), &Limits::default())?;
    let survey = survey(&module, (config, false), 1)?;
    println!("{file}: functions, native, caps, declined, refused: {}", survey.counts());
    for why in survey.declined.iter().chain(&survey.refused) {
        println!("    {why}");
    }
    let share = survey.certificate_bytes as f64 / survey.code_bytes.max(1) as f64 * 100.0;
    println!(
        "    {} bytes of code, {} of certificates ({share:.2} %), {} made twice; {}",
        survey.code_bytes, survey.certificate_bytes, survey.again, survey.times
    );
    Ok(())
}
