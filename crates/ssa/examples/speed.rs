//! Measures how fast Wasm becomes SSA with its proof:
//! `cargo run --release -p prova-ssa --example speed FILE…` prints for each module, without and
//! with metering, what building all its bodies takes and what checking them takes besides, each the
//! best of some passes in processor time of the thread. It ends with code 1 if a body is refused.

use prova_module::{Features, Limits, Module};
use prova_ssa::{CheckedBody, Metering, build};
use rustix::time::{ClockId, clock_gettime};
use std::process::ExitCode;
use std::time::Duration;

/// The processor time of this thread: other work on the machine does not count.
fn now() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// One pass over all functions: the times of building and of checking, and how many are refused.
fn pass(module: &Module, metering: Metering) -> (Duration, Duration, usize) {
    let (mut building, mut checking, mut refused) = (Duration::ZERO, Duration::ZERO, 0);
    for func in module.defined_funcs() {
        let start = now();
        let body = build(module, func, metering);
        let middle = now();
        building += middle - start;
        let given = match body {
            Ok(body) => CheckedBody::check(module, body).map(drop).map_err(|why| why.to_string()),
            Err(error) => Err(error.to_string()),
        };
        checking += now() - middle;
        if let Err(why) = given {
            refused += 1;
            println!("{why}");
        }
    }
    (building, checking, refused)
}

fn main() -> ExitCode {
    let mut all_refused = 0;
    for file in std::env::args().skip(1) {
        let bytes = wat::parse_file(&file).expect("a module");
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
        for metering in [Metering::NONE, Metering::BOTH] {
            let (mut build, mut check) = (Duration::MAX, Duration::MAX);
            for _ in 0..passes {
                let (building, checking, refused) = pass(&module, metering);
                (build, check) = (build.min(building), check.min(checking));
                all_refused += refused;
                if refused != 0 {
                    break;
                }
            }
            let rate = |time: Duration| size as f64 / time.as_secs_f64() / 1e6;
            println!(
                "{file} {metering:?}: {size} bytes of bodies; build {:.1} MB/s, check {:.1} MB/s, both {:.1} MB/s",
                rate(build),
                rate(check),
                rate(build + check),
            );
        }
    }
    if all_refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
