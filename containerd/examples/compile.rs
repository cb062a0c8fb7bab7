//! `compile MODULE FILE`: writes a module with its machine code, as `prova compile` does; into a
//! file that ends with `.wasm`, the module alone in the binary format.

use prova::{Engine, Module, Result};

fn main() -> Result<()> {
    let files: Vec<String> = std::env::args().skip(1).collect();
    let [module, file] = &files[..] else {
        prova::bail!("usage: compile MODULE FILE");
    };
    let module = Module::new(&Engine::default(), std::fs::read(module)?)?;
    match file.ends_with(".wasm") {
        true => std::fs::write(file, module.wasm().bytes())?,
        false => std::fs::write(file, module.serialize()?)?,
    }
    Ok(())
}
