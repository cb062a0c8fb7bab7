//! Specialises a module whose requests are in its data, and writes the result:
//! `specialize IN.wasm OUT.wasm`.

use prova_module::{Features, Limits, Module};
use prova_specialize::{Options, specialize};

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let bytes = std::fs::read(&args[1]).expect("a file");
    let wasm = wat::parse_bytes(&bytes).expect("a module").into_owned();
    let module =
        Module::decode(wasm, &Features::default(), &Limits::default()).expect("a valid module");
    let outcome =
        specialize(&module, &Options::default()).unwrap_or_else(|error| panic!("{error}"));
    for (asked, _, state) in &outcome.requests {
        match state {
            Ok(made) => println!("{asked}: {made:?}"),
            Err(refused) => println!("{asked}: {refused}"),
        }
    }
    if let Some(path) = args.get(2) {
        std::fs::write(path, outcome.module.bytes()).expect("a file");
    }
}
