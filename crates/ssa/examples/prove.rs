//! Builds and checks the SSA form of every function of modules, and says how fast:
//! `cargo run --release -p prova-ssa --example prove FILE…`.

use prova_module::{Features, Limits, Module};
use prova_ssa::{CheckedBody, Metering, build};
use std::time::{Duration, Instant};

fn main() {
    for path in std::env::args().skip(1) {
        let bytes = wat::parse_file(&path).expect("a module");
        let module = Module::decode(bytes, &Features::default(), &Limits::default());
        let Ok(module) = module else {
            println!("{path}: not a valid module");
            continue;
        };
        for metering in [Metering::NONE, Metering::BOTH] {
            let (mut size, mut refused) = (0, 0);
            let (mut building, mut checking) = (Duration::ZERO, Duration::ZERO);
            for func in module.defined_funcs() {
                let start = Instant::now();
                let body = build(&module, func, metering);
                building += start.elapsed();
                let start = Instant::now();
                let body = match body {
                    Ok(body) => body,
                    Err(error) => {
                        println!("{path}: {error}");
                        continue;
                    }
                };
                size += module.body(func).map_or(0, |body| body.range().len());
                if let Err(rejection) = CheckedBody::check(&module, body) {
                    refused += 1;
                    if refused < 5 {
                        println!("{path}: {rejection}");
                    }
                }
                checking += start.elapsed();
            }
            let rate = |time: Duration| size as f64 / 1e6 / time.as_secs_f64();
            println!(
                "{path} {metering:?}: {size} bytes, {refused} refused; build {:.1} MB/s, check {:.1} MB/s, both {:.1} MB/s",
                rate(building),
                rate(checking),
                rate(building + checking)
            );
        }
    }
}
