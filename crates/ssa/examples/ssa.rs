//! Prints the SSA form of every function of a module: `cargo run -p prova-ssa --example ssa FILE`.

use prova_module::{Features, Limits, Module};
use prova_ssa::{Metering, build, parse, print, verify};

fn main() {
    let path = std::env::args().nth(1).expect("a file");
    let bytes = wat::parse_file(path).expect("a module");
    let module = Module::decode(bytes, &Features::default(), &Limits::default());
    let module = module.expect("a valid module");
    for func in module.defined_funcs() {
        match build(&module, func, Metering::BOTH) {
            Ok(body) => {
                let text = print(&body);
                print!("{text}");
                if let Err(error) = verify(&module, &body) {
                    println!("{error}");
                }
                assert!(parse(&text).as_ref() == Ok(&body), "{:?}", parse(&text).err());
            }
            Err(error) => println!("{error}"),
        }
    }
}
