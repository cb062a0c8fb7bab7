//! How much of its budget the check of each specialised function takes (S12): `work IN.wasm …`,
//! modules whose requests are in their data.
//!
//! For each module and what it is trusted with: how many functions, the greatest share of a
//! budget, and the most steps of an item; with what else it was there.

use prova_module::{Features, Limits, Module};
use prova_specialize::check::Work;
use prova_specialize::{Assume, Certified, Options, specialize};

fn main() {
    for path in std::env::args().skip(1) {
        let bytes = std::fs::read(&path).expect("a file");
        let wasm = wat::parse_bytes(&bytes).expect("a module").into_owned();
        let module =
            Module::decode(wasm, &Features::default(), &Limits::default()).expect("a valid module");
        for assume in [Assume::Check, Assume::Trust, Assume::Nothing] {
            let options = Options { assume, ..Options::default() };
            let outcome = specialize(&module, &options).unwrap_or_else(|error| panic!("{error}"));
            let done = outcome.requests.iter().filter(|request| request.2.is_ok());
            let work = done.filter_map(|request| Certified::new(&module, request.0.slot, assume));
            let work: Vec<Work> = work.map(|case| case.measured().1).collect();
            let share = |work: &Work| work.steps as f64 / work.most as f64;
            let each = |work: &Work| work.steps as f64 / work.items as f64;
            let by_share = work.iter().max_by(|a, b| share(a).total_cmp(&share(b)));
            let by_item = work.iter().max_by(|a, b| each(a).total_cmp(&each(b)));
            let (Some(most), Some(item)) = (by_share, by_item) else { continue };
            let (share, each) = (100.0 * share(most), each(item));
            println!("{path} {assume:?}: {} functions, {share:.3} % {most:?}", work.len());
            println!("    {each:.2} steps an item {item:?}");
        }
    }
}
