//! `compile [--proved] MODULE FILE [OTHER]`: writes a module with its machine code, as `prova
//! compile` does, with `--proved` so that the code comes with proofs; into a file that ends with
//! `.wasm`, the module alone in the binary format.
//!
//! With another module that differs in constants alone, that one's code stands in the file: it is
//! confined, and a lie.

use prova::{Config, Context as _, Engine, Module, Result};
use prova_artifact::{Artifact, Writer};

fn main() -> Result<()> {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let is_proved = args.first().is_some_and(|first| first == "--proved");
    args.drain(..usize::from(is_proved));
    let (module, file, other) = match &args[..] {
        [module, file] => (module, file, None),
        [module, file, other] => (module, file, Some(other)),
        _ => prova::bail!("usage: compile [--proved] MODULE FILE [OTHER]"),
    };
    let mut config = Config::new();
    config.require_proved(is_proved);
    let engine = Engine::new(&config)?;
    let load = |file: &String| -> Result<Module> { Module::new(&engine, std::fs::read(file)?) };
    let module = load(module)?;
    let bytes = match other {
        Some(other) => with_code(&module, &load(other)?.serialize()?)?,
        None if file.ends_with(".wasm") => module.wasm().bytes().to_vec(),
        None => module.serialize()?,
    };
    Ok(std::fs::write(file, bytes)?)
}

/// A file of a module with the pieces of another file.
fn with_code(module: &Module, other: &[u8]) -> Result<Vec<u8>> {
    let other = Artifact::read(other)?;
    let mut writer = Writer::new(other.settings().clone());
    for kind in other.kinds() {
        writer.piece("a piece", &other.piece(kind)?.context("a piece is there")?);
    }
    Ok(writer.finish(module.wasm().bytes())?.bytes)
}
