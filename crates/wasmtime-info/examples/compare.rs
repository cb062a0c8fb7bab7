//! `compare M.cwasm M.wasm`: what the comparison says, and the processor time that it takes.

use prova_wasmtime_layout::Artifact;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut files = std::env::args().skip(1);
    while let (Some(compiled), Some(wasm)) = (files.next(), files.next()) {
        let (bytes, wasm) = (std::fs::read(&compiled)?, std::fs::read(wasm)?);
        let begun = Instant::now();
        let artifact = Artifact::read(&bytes)?;
        let read = begun.elapsed();
        match prova_wasmtime_info::compare(&artifact, &bytes, &wasm) {
            Ok(compared) => {
                let named: Vec<_> =
                    compared.unchecked.iter().map(|one| one.section.as_str()).collect();
                println!("{compiled}: equal; not checked: {}", named.join(", "));
            }
            Err(error) => println!("{compiled}: {error}"),
        }
        println!("  read {read:?}, compared {:?}", begun.elapsed() - read);
    }
    Ok(())
}
