//! Writes a module whose bodies went through SSA and back: `trip IN.wasm OUT.wasm`.

use prova_module::{Features, Limits, Module};
use prova_ssa::emit::{Types, assemble, emit};
use prova_ssa::{Metering, build};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().collect();
    let [_, from, to] = &args[..] else { return Err("trip IN.wasm OUT.wasm".into()) };
    let module = Module::decode(std::fs::read(from)?, &Features::default(), &Limits::default())?;
    let types = Types::new(&module);
    let mut bodies = Vec::new();
    for func in module.defined_funcs() {
        let body = build(&module, func, Metering::NONE)?;
        bodies.push(Some(emit(&module, &types, &body)?));
    }
    let assembled = assemble(&module, &types, &bodies);
    assembled.dropped.iter().for_each(|name| eprintln!("dropped: {name}"));
    std::fs::write(to, assembled.bytes)?;
    Ok(())
}
