//! Compiles the functions of the modules named, and counts their accesses of memories by the reason
//! why they need no comparison with the memory's length.
//!
//! ```text
//! cargo run --release -p prova-native --example checks -- [--no-signals] FILE…
//! ```
//!
//! The shape is the explicit one.

use prova_check::{Config, Layout, MemoryShape};
use prova_module::{Features, Limits, Module};
use prova_native::{Reach, Target, body};
use std::collections::BTreeMap;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let mut config = Config { memory: MemoryShape::Explicit, ..Config::default() };
    for arg in std::env::args().skip(1) {
        if arg == "--no-signals" {
            config.signals = false;
            continue;
        }
        let wasm = wat::parse_file(&arg)?;
        let module = Module::decode(wasm, &Features::default(), &Limits::default())?;
        let layout = Layout::derive(module.bytes(), &config)?;
        let target = Target::new(layout.config().cpu)?;
        let (mut counts, mut bytes) = (BTreeMap::<Reach, u64>::new(), 0);
        for func in module.defined_funcs() {
            let Ok(body) = body(&module, func, layout.config().metering) else { continue };
            let Ok(code) = target.compile(&module, &layout, body.body(), false) else { continue };
            bytes += code.bytes.len();
            for (_, reach) in code.reaches {
                *counts.entry(reach).or_default() += 1;
            }
        }
        let all: u64 = counts.values().sum();
        println!("{arg}: {all} accesses, {counts:?}; {bytes} bytes");
    }
    Ok(())
}
