//! The cost of a call of a chain's runtime: `calls RUNTIME [ROUNDS]`.
//!
//! Median and least of all rounds, in microseconds, of `Core_version` on an empty state: a new
//! store and instance, the call, and dropping them; the code is translated before.

use prova_core::{Config, Engine, Result};
use prova_substrate::{CallOptions, Runtime, Storage, configure};
use std::time::Instant;

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let path = args.next().unwrap_or_default();
    let rounds: usize = args.next().and_then(|text| text.parse().ok()).unwrap_or(1000);
    let blob = std::fs::read(path)?;
    for images in [false, true] {
        let mut config = Config::new();
        configure(&mut config).memory_images(images);
        let runtime = Runtime::new(&Engine::new(&config)?, &blob)?;
        let call = || {
            let (mut storage, options) = (Storage::default(), CallOptions::default());
            runtime.call(&mut storage, "Core_version", &[], &options).map(drop)
        };
        call()?;
        let mut times: Vec<f64> = Vec::with_capacity(rounds);
        for _ in 0..rounds {
            let start = Instant::now();
            call()?;
            times.push(start.elapsed().as_secs_f64() * 1e6);
        }
        times.sort_by(f64::total_cmp);
        let least = times.first().copied().unwrap_or_default();
        let median = times.get(rounds / 2).copied().unwrap_or_default();
        let what = if images { "mapped" } else { "written" };
        println!("{what:10} median {median:8.2}   least {least:8.2}");
    }
    Ok(())
}
