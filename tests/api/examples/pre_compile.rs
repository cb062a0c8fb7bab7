//! A module compiled to a file, which [`run_pre_compiled`](super::run_pre_compiled) runs.

use wasmtime::{Config, Engine, Result, Strategy};

pub fn main() -> Result<()> {
    let mut config = Config::new();
    config.strategy(Strategy::Cranelift);
    config.target("x86_64-unknown-linux-gnu")?;
    let engine = Engine::new(&config)?;
    let text = r#"(module (func (export "sum") (param i32 i32) (result i32)
        (i32.add (local.get 0) (local.get 1))))"#;
    let compiled = engine.precompile_module(text.as_bytes())?;
    println!("no module: {}", engine.precompile_module(b"no module").is_ok());
    std::fs::write(file(), compiled)?;
    Ok(())
}

/// The file that both examples name.
pub fn file() -> std::path::PathBuf {
    std::env::var_os("SCRATCH").map_or_else(std::env::temp_dir, Into::into).join("sum.cwasm")
}
