//! How many loops of a module can be entered at the start of a round, and why the others cannot:
//! `cargo run --release -p prova-ssa --example enter_loops -- M.wasm…`.

use prova_module::{BlockKind, Features, Limits, Module};
use prova_ssa::Metering;
use prova_ssa::entered::{EnterError, enter};
use std::collections::BTreeMap;
use std::time::Instant;

fn main() {
    for path in std::env::args().skip(1) {
        let bytes = std::fs::read(&path).expect("a file");
        let module = Module::decode(bytes, &Features::default(), &Limits::default());
        let module = module.expect("a valid module");
        let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
        let (mut insts, start) = (0, Instant::now());
        for func in module.defined_funcs() {
            let Some(facts) = module.facts(func) else { continue };
            for block in &facts.blocks {
                if block.kind != BlockKind::Loop || !block.branched || !block.reachable {
                    continue;
                }
                let outcome = match enter(&module, func, block.start, Metering::BOTH) {
                    Ok(body) => {
                        insts += body.body().inst_count();
                        "entered".to_owned()
                    }
                    Err(EnterError::NoWay(why)) => why.to_owned(),
                    Err(error @ (EnterError::Build(_) | EnterError::Refused(_))) => {
                        println!("{path}: {error}");
                        "refused".to_owned()
                    }
                };
                *outcomes.entry(outcome).or_default() += 1;
            }
        }
        println!("{path}: {outcomes:?}, {insts} instructions, {:?}", start.elapsed());
    }
}
