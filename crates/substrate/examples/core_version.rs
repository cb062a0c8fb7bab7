//! The cost of a fresh instance: `Core_version` of a runtime that is translated already.
//!
//! `cargo run --release -p prova-substrate --example core_version RUNTIME [COUNT]` prints the wall
//! time of a call, the least and the mean of COUNT (1,000) calls. Each call has a new instance.

use prova_core::{Config, Engine, Result, format_err};
use prova_substrate::{CallOptions, Runtime, Storage, configure};
use std::time::{Duration, Instant};

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let path = args.next().ok_or_else(|| format_err!("core_version RUNTIME [COUNT]"))?;
    let count: u32 = args.next().map_or(Ok(1_000), |text| text.parse())?;
    let mut config = Config::new();
    configure(&mut config).consume_fuel(true);
    let engine = Engine::new(&config)?;
    let started = Instant::now();
    let runtime = Runtime::new(&engine, &std::fs::read(path)?)?;
    let loaded = started.elapsed();
    let mut storage = Storage::default();
    let mut call = || -> Result<Duration> {
        let started = Instant::now();
        runtime.call(&mut storage, "Core_version", &[], &CallOptions::default())?;
        Ok(started.elapsed())
    };
    let first = call()?;
    let (mut least, mut sum) = (Duration::MAX, Duration::ZERO);
    for _ in 0..count {
        let took = call()?;
        least = least.min(took);
        sum += took;
    }
    println!("loaded in {loaded:?}, first call {first:?}");
    println!("then least {least:?}, mean {:?} of {count}", sum / count.max(1));
    Ok(())
}
