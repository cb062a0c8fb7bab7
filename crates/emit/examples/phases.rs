//! Measures the phases of a round trip: `cargo run --release -p prova-emit --example phases FILE…`
//! prints for each module what each phase takes over all functions, in MB/s of the bodies that go
//! in and in ms, the best of some passes in processor time of the thread.
//!
//! *relate* is the proof of emission without the reading back that it begins with, which is timed
//! by itself (*rebuild*, *recheck*); *decode* is the assembly and the validation of the new module.

use prova_emit::emitted::{EmittedBody, Homes, Twin};
use prova_emit::trip::{self, Options};
use prova_emit::{Emitted, Style, Types, assemble, emit_with};
use prova_module::{Features, FuncIdx, Limits, Module};
use prova_ssa::{CheckedBody, Metering, build};
use rustix::time::{ClockId, clock_gettime};
use std::error::Error;
use std::time::Duration;

/// The processor time of this thread: other work on the machine does not count.
fn now() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

const NAMES: [&str; 9] =
    ["build", "check", "emit", "decode", "rebuild", "recheck", "relate", "sum", "trip"];

/// The times of one pass.
fn pass(module: &Module) -> Result<[Duration; 9], Box<dyn Error>> {
    let mut times = [Duration::ZERO; 9];
    let types = Types::new(module);
    let funcs: Vec<FuncIdx> = module.defined_funcs().collect();
    let mut made: Vec<Option<(CheckedBody, Emitted, Vec<u32>)>> = Vec::new();
    for &func in &funcs {
        let start = now();
        let body = build(module, func, Metering::NONE);
        let built = now();
        times[0] += built - start;
        let Ok(Ok(body)) = body.map(|body| CheckedBody::check(module, body)) else {
            made.push(None);
            continue;
        };
        let checked = now();
        times[1] += checked - built;
        let emitted = emit_with(Style::Short, module, &types, body.body());
        times[2] += now() - checked;
        made.push(emitted.ok().map(|(emitted, homes)| (body, emitted, homes)));
    }
    let start = now();
    let bodies: Vec<_> = made.iter().map(|made| made.as_ref().map(|made| &made.1)).collect();
    let bytes = assemble(module, &types, &bodies).bytes;
    let new = Module::decode(bytes, module.features(), &Limits::default())?;
    let twin = Twin::check(module, &new).map_err(|error| error.to_string())?;
    times[3] += now() - start;
    for (func, made) in funcs.iter().zip(&made) {
        let Some((body, _, homes)) = made else { continue };
        let start = now();
        let image = build(&new, *func, Metering::NONE);
        let built = now();
        let Ok(Ok(image)) = image.map(|image| CheckedBody::check(&new, image)) else { continue };
        let checked = now();
        drop(image);
        let dropped = now();
        let given = EmittedBody::check(&twin, body, &Homes(homes));
        let related = now();
        drop(given);
        times[4] += built - start;
        times[5] += checked - built;
        times[6] += (related - dropped).saturating_sub(checked - start);
    }
    drop(made);
    times[7] = times[..7].iter().sum();
    let start = now();
    let limits = Limits::default();
    trip::module(module, &Options { transform: &Some, threads: 1, limits: &limits })?;
    times[8] = now() - start;
    Ok(times)
}

fn main() -> Result<(), Box<dyn Error>> {
    for file in std::env::args().skip(1) {
        let module =
            Module::decode(std::fs::read(&file)?, &Features::default(), &Limits::default())?;
        let body = |func| module.body(func).map_or(0, |body| body.bytes().len());
        let size: usize = module.defined_funcs().map(body).sum();
        let mut best = [Duration::MAX; 9];
        for _ in 0..if size > 4 << 20 { 2 } else { 8 } {
            for (best, time) in best.iter_mut().zip(pass(&module)?) {
                *best = (*best).min(time);
            }
        }
        println!("{file}: {size} bytes of bodies");
        for (name, time) in NAMES.iter().zip(best) {
            let rate = size as f64 / time.as_secs_f64() / 1e6;
            println!("  {name:8} {rate:8.1} MB/s {:10.1} ms", time.as_secs_f64() * 1e3);
        }
    }
    Ok(())
}
