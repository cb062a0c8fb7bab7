//! Which functions a second trip changes, and which keep their bytes, by reason: `again FILE…`.
//!
//! For each module one line of counts, then the functions that change, smallest first, with their
//! sizes behind the first and the second trip.

use prova_emit::trip::{self, Options};
use prova_module::{Features, Limits, Module};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let limits = Limits::default();
    let options = Options { transform: &Some, threads: 1, limits: &limits };
    for file in std::env::args().skip(1) {
        let module = Module::decode(std::fs::read(&file)?, &Features::default(), &limits)?;
        let once = trip::module(&module, &options)?;
        let twice = trip::module(&once.module, &options)?;
        let size = |module: &Module, func| module.body(func).map_or(0, |body| body.bytes().len());
        let all = |module: &Module| -> usize {
            module.defined_funcs().map(|func| size(module, func)).sum()
        };
        let mut changed = Vec::new();
        for func in module.defined_funcs() {
            let bytes = |module: &Module| module.body(func).map(|body| body.bytes().to_vec());
            if bytes(&once.module) != bytes(&twice.module) {
                changed.push((size(&once.module, func), size(&twice.module, func), func));
            }
        }
        changed.sort_unstable();
        let kept = once.outcomes.iter().filter(|(_, outcome)| outcome.is_failure());
        let again = twice.outcomes.iter().filter(|(_, outcome)| outcome.is_failure());
        println!(
            "{file}: {} functions, {} change, {} + {} keep their bytes, {} -> {} -> {} bytes",
            once.outcomes.len(),
            changed.len(),
            kept.clone().count(),
            again.clone().count(),
            all(&module),
            all(&once.module),
            all(&twice.module)
        );
        kept.chain(again).take(12).for_each(|(_, outcome)| println!("  {outcome}"));
        for (first, second, func) in changed.iter().take(8) {
            println!("  {func}: {first}, then {second}");
        }
    }
    Ok(())
}
