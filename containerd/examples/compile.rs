//! `compile MODULE FILE`: writes a module with its machine code, as `prova compile` does.

use prova::{Engine, Result};

fn main() -> Result<()> {
    let files: Vec<String> = std::env::args().skip(1).collect();
    let [module, file] = &files[..] else {
        prova::bail!("usage: compile MODULE FILE");
    };
    let artifact = Engine::default().precompile_module(&std::fs::read(module)?)?;
    Ok(std::fs::write(file, artifact)?)
}
