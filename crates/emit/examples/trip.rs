//! Sends a module through SSA and back, with all proofs: `trip IN.wasm OUT.wasm [THREADS
//! [better]]`; with `better` behind all passes, until
//! nothing improves it.

use prova_emit::trip::{self, Options};
use prova_module::{Features, Limits, Module};
use prova_optimize::{Pass, optimize};
use std::error::Error;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().collect();
    let (from, to, threads, improves) = match &args[..] {
        [_, from, to] => (from, to, 1, false),
        [_, from, to, threads] => (from, to, threads.parse()?, false),
        [_, from, to, threads, better] if better == "better" => (from, to, threads.parse()?, true),
        _ => return Err("trip IN.wasm OUT.wasm [THREADS [better]]".into()),
    };
    let module = Module::decode(std::fs::read(from)?, &Features::default(), &Limits::default())?;
    let start = Instant::now();
    let limits = Limits::default();
    let options = Options { transform: &Some, threads, limits: &limits };
    let trip = match improves {
        true => {
            let transform = |body| Some(optimize(body, &Pass::DEFAULT).0);
            trip::improved(&module, &Options { transform: &transform, ..options }, true)?
        }
        false => trip::module(&module, &options)?,
    };
    let code = |module: &Module| -> usize {
        let bodies = module.defined_funcs().filter_map(|func| module.body(func));
        bodies.map(|body| body.range().len()).sum()
    };
    let (before, after) = (code(&module), code(&trip.module));
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{before} -> {after} bytes of bodies, {:.4}; {seconds:.3} s, {:.2} MB/s",
        after as f64 / before as f64,
        before as f64 / 1e6 / seconds
    );
    trip.dropped.iter().for_each(|name| println!("dropped: {name}"));
    let failed: Vec<_> = trip.outcomes.iter().filter(|(_, outcome)| outcome.is_failure()).collect();
    failed.iter().take(20).for_each(|(_, outcome)| println!("{outcome}"));
    println!(
        "{} of {} functions replaced",
        trip.outcomes.len() - failed.len(),
        trip.outcomes.len()
    );
    std::fs::write(to, trip.module.bytes())?;
    Ok(())
}
