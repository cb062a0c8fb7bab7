//! Specialises a module whose requests are in its data, again and again, and counts what is made:
//! `throughput IN.wasm [ROUNDS [THREADS [check|trust|nothing]]]`.
//!
//! Instructions are those of specialised functions before and after passes. A profiler says which
//! part of the time is the check's (`check::prove`).

use prova_module::{Features, Limits, Module};
use prova_specialize::{Assume, Options, specialize};
use std::time::Instant;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let number = |at: usize| args.get(at).map_or(1, |arg| arg.parse().expect("a number"));
    let (rounds, threads) = (number(2), number(3));
    let assume = match args.get(4).map(String::as_str) {
        Some("trust") => Assume::Trust,
        Some("nothing") => Assume::Nothing,
        _other => Assume::Check,
    };
    let bytes = std::fs::read(&args[1]).expect("a file");
    let wasm = wat::parse_bytes(&bytes).expect("a module").into_owned();
    let module =
        Module::decode(wasm, &Features::default(), &Limits::default()).expect("a valid module");
    let options = Options { assume, threads, ..Options::default() };
    let (mut made, mut refused, mut insts, start) = (0, 0, [0; 2], Instant::now());
    for _ in 0..rounds {
        let outcome = specialize(&module, &options).unwrap_or_else(|error| panic!("{error}"));
        for (_, _, state) in &outcome.requests {
            match state {
                Ok(one) => {
                    made += 1;
                    insts[0] += one.residual[0].1;
                    insts[1] += one.residual[1].1;
                }
                Err(_) => refused += 1,
            }
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    let rate = insts.map(|count| count as f64 / seconds / 1e6);
    println!("{made} functions, {refused} refused, in {seconds:.3} s ({threads} threads)");
    println!("instructions: {} before passes, {} after", insts[0], insts[1]);
    println!("million a second: {:.3} before passes, {:.3} after", rate[0], rate[1]);
}
