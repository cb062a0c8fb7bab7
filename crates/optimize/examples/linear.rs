//! Measures that building and checking SSA, and passes, are linear:
//! `cargo run --release -p prova-optimize --example linear` prints, for shapes of functions that
//! grow, hostile ones among them, what `build`, the check, and all passes with their checks take
//! per unit, and how that changes from the smallest to the greatest size.
//!
//! A unit is a byte of the body, or a value or an argument of its SSA form. Times are processor
//! time of the thread, the best of some passes. Nothing is asserted: a shape whose last column
//! grows like its size is not linear. `crates/ssa/tests/linear.rs` asserts the sizes of the bodies.

use prova_module::{Features, FuncIdx, Limits, Module};
use prova_optimize::{Pass, optimize};
use prova_ssa::{Body, CheckedBody, Metering, build};
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

#[path = "../../ssa/tests/linear/shapes.rs"]
mod shapes;

fn now() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// The units of a function, and the least processor times of building it, of checking it and of all
/// passes with their checks.
fn measure(text: &str) -> (u64, [Duration; 3]) {
    let bytes = wat::parse_str(text).expect("a module");
    let module = Module::decode(bytes, &Features::default(), &Limits::default());
    let module = module.expect("a valid module");
    let ([mut building, mut checking, mut passing], mut units) = ([Duration::MAX; 3], 0);
    for _ in 0..5 {
        let start = now();
        let body: Body = build(&module, FuncIdx(0), Metering::BOTH).expect("a body");
        building = building.min(now() - start);
        let bytes = module.body(FuncIdx(0)).map_or(0, |body| body.bytes().len());
        units = (bytes + shapes::size(&body)) as u64;
        let start = now();
        let checked = CheckedBody::check(&module, body);
        checking = checking.min(now() - start);
        let checked = checked.unwrap_or_else(|rejection| panic!("{rejection}"));
        let start = now();
        let (_, refused) = optimize(checked, &Pass::DEFAULT);
        passing = passing.min(now() - start);
        assert!(refused.is_empty(), "{}", refused[0]);
    }
    (units, [building, checking, passing])
}

fn main() {
    print!("{:34}", "shape");
    for head in ["build, ns per unit by size", "check", "passes"] {
        print!(" {head:>40} last / first");
    }
    println!();
    for shape in shapes::SHAPES {
        let rates = shape.sizes.map(|size| {
            let (units, times) = measure(&(shape.make)(size));
            times.map(|time| time.as_nanos() as f64 / units as f64)
        });
        let side = |at: usize| {
            let columns = rates.map(|rate| format!("{:10.2}", rate[at])).concat();
            format!("{columns} {:12.2}", rates[3][at] / rates[0][at])
        };
        println!("{:34} {} {} {}", shape.name, side(0), side(1), side(2));
    }
}
