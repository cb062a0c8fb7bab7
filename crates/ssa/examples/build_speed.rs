//! Builds, verifies and prints every function of modules, and says how long building and verifying
//! takes.
//!
//! `cargo run --release -p prova-ssa --example build_speed FILE…`

use prova_module::{Features, Limits, Module};
use prova_ssa::{Body, Metering, build, parse, print, verify};
use std::time::Instant;

fn main() {
    for path in std::env::args().skip(1) {
        let bytes = wat::parse_file(&path).expect("a module");
        let module = Module::decode(bytes, &Features::default(), &Limits::default());
        let module = module.expect("a valid module");
        let wasm: usize = module
            .defined_funcs()
            .filter_map(|func| module.body(func))
            .map(|body| body.range().len())
            .sum();
        for metering in [Metering::NONE, Metering::BOTH] {
            let start = Instant::now();
            let bodies: Vec<Body> = module
                .defined_funcs()
                .map(|func| build(&module, func, metering).unwrap_or_else(|e| panic!("{e}")))
                .collect();
            let built = start.elapsed();
            let start = Instant::now();
            bodies.iter().for_each(|body| {
                verify(&module, body).unwrap_or_else(|e| panic!("{}: {e}", body.func()));
            });
            let verified = start.elapsed();
            bodies.iter().for_each(|body| {
                assert!(parse(&print(body)).as_ref() == Ok(body), "{}", body.func());
            });
            let count = |of: fn(&Body) -> usize| bodies.iter().map(of).sum::<usize>();
            let speed = |time: std::time::Duration| wasm as f64 / 1e6 / time.as_secs_f64();
            println!(
                "{path} {metering:?}: {wasm} bytes, {} blocks, {} insts, {} values; built {built:?} \
                 ({:.1} MB/s), verified {verified:?} ({:.1} MB/s)",
                count(Body::block_count),
                count(Body::inst_count),
                count(Body::value_count),
                speed(built),
                speed(verified),
            );
        }
    }
}
