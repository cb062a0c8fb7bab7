//! Builds, proves and passes every function of modules; says what each pass did, whether its check
//! refused it, and how long passes and checks took:
//! `cargo run --release -p prova-optimize --example passes FILE…`.

use prova_module::{Features, Limits, Module};
use prova_optimize::Pass;
use prova_ssa::{CheckedBody, Metering, build};
use std::time::{Duration, Instant};

fn main() {
    for path in std::env::args().skip(1) {
        let bytes = wat::parse_file(&path).expect("a module");
        let Ok(module) = Module::decode(bytes, &Features::default(), &Limits::default()) else {
            println!("{path}: not a valid module");
            continue;
        };
        let (mut size, mut refused, mut before, mut after) = (0, 0, 0, 0);
        let mut times = Pass::DEFAULT.map(|pass| (pass, Duration::ZERO, Duration::ZERO));
        for func in module.defined_funcs() {
            let body = build(&module, func, Metering::NONE).map_err(|error| error.to_string());
            let checked =
                body.and_then(|body| CheckedBody::check(&module, body).map_err(|e| e.to_string()));
            let mut body = match checked {
                Ok(body) => body,
                Err(error) => {
                    println!("{path}: {error}");
                    continue;
                }
            };
            size += module.body(func).map_or(0, |body| body.range().len());
            before += body.body().inst_count();
            for (pass, passing, checking) in &mut times {
                let start = Instant::now();
                let made = pass.run(&body);
                *passing += start.elapsed();
                let Some((new, witness)) = made else { continue };
                let start = Instant::now();
                match body.replace(new, &witness) {
                    Ok(new) => body = new,
                    Err(rejection) => {
                        refused += 1;
                        if refused < 5 {
                            println!("{path}: {pass}: {rejection}");
                        }
                    }
                }
                *checking += start.elapsed();
            }
            after += body.body().inst_count();
        }
        println!("{path}: {size} bytes, {before} instructions become {after}, {refused} refused");
        for (pass, passing, checking) in times {
            println!("    {pass:8} {passing:>10.1?}, checked in {checking:>10.1?}");
        }
    }
}
