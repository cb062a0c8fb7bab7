//! Which functions of modules are refused as they are first emitted, and by which rule: `refused
//! [--passes] FILE…`, behind all passes with the option. A trip emits these plainly (Y3).

use prova_emit::emitted::{EmittedBody, Homes, Twin};
use prova_emit::reducify::reducify;
use prova_emit::{Style, Types, assemble, emit_with};
use prova_module::{Features, Limits, Module};
use prova_optimize::{Pass, optimize};
use prova_ssa::{CheckedBody, Metering, build};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let limits = Limits::default();
    let (options, files): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|arg| arg == "--passes");
    let passes = if options.is_empty() { &[][..] } else { &Pass::DEFAULT };
    for file in files {
        let old = Module::decode(std::fs::read(&file)?, &Features::default(), &limits)?;
        let types = Types::new(&old);
        let mut made = Vec::new();
        for func in old.defined_funcs() {
            let body = CheckedBody::check(&old, build(&old, func, Metering::NONE)?)?;
            let (mut body, _) = optimize(body, passes);
            if let Some(reduced) = reducify(&body).ok().flatten() {
                body = reduced;
            }
            let (emitted, homes) = emit_with(Style::Short, &old, &types, body.body())?;
            made.push((body, emitted, homes));
        }
        let bodies: Vec<_> = made.iter().map(|(_, emitted, _)| Some(emitted)).collect();
        let new = assemble(&old, &types, &bodies).bytes;
        let new = Module::decode(new, &Features::default(), &limits)?;
        let twin = Twin::check(&old, &new)?;
        let refused: Vec<String> = made
            .iter()
            .filter_map(|(body, _, homes)| {
                EmittedBody::check(&twin, body, &Homes(homes)).err().map(|error| error.to_string())
            })
            .collect();
        println!("{file}: {} of {} functions are refused", refused.len(), made.len());
        refused.iter().for_each(|error| println!("  {error}"));
    }
    Ok(())
}
