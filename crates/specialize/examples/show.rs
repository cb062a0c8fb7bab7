//! Shows a specialised function and its certificate as they are before passes:
//! `show IN SLOT [trust|nothing]`.

use prova_module::{Features, Limits, Module};
use prova_specialize::{Assume, Certified};

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let bytes = std::fs::read(&args[1]).expect("a file");
    let wasm = wat::parse_bytes(&bytes).expect("a module").into_owned();
    let module =
        Module::decode(wasm, &Features::default(), &Limits::default()).expect("a valid module");
    let slot = args[2].parse().expect("a number");
    let assume = match args.get(3).map(String::as_str) {
        Some("trust") => Assume::Trust,
        Some("nothing") => Assume::Nothing,
        _other => Assume::Check,
    };
    let made = Certified::new(&module, slot, assume).expect("a request that can be specialised");
    println!("{}", prova_ssa::print(&made.body));
    for (number, role) in made.certificate.roles.iter().enumerate() {
        println!("block{number}: {role:?}");
    }
    println!("{:?}", made.prove());
}
