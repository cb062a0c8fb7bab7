//! `record M.cwasm M.wasm [code]`: the text of `tests/recorded` for a file that Wasmtime compiled,
//! with its code or without it.

use object::{Object, ObjectSection, ObjectSymbol, SymbolKind};
use std::fmt::Write;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut files = std::env::args().skip(1);
    let (Some(compiled), Some(wasm)) = (files.next(), files.next()) else {
        return Err("usage: record M.cwasm M.wasm [code]".into());
    };
    let code = files.next().is_some_and(|word| word == "code");
    let (bytes, wasm) = (std::fs::read(compiled)?, std::fs::read(wasm)?);
    let elf = object::File::parse(&*bytes)?;
    let mut out = String::new();
    writeln!(out, "wasm{}", hex(&wasm)?)?;
    for symbol in elf.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text) {
        writeln!(out, "symbol {:#x} {:#x} {}", symbol.address(), symbol.size(), symbol.name()?)?;
    }
    for section in elf.sections() {
        let name = section.name()?;
        let data = match name {
            // The code means nothing to the comparison.
            ".text" if !code => format!("\n  00*{}", section.size()),
            name if name.ends_with("tab") => continue,
            _ => hex(section.data()?)?,
        };
        writeln!(out, "section {name} {}{data}", section.align())?;
    }
    print!("{out}");
    Ok(())
}

/// Bytes, 32 a line; longer runs of zeros are counted.
fn hex(bytes: &[u8]) -> Result<String, std::fmt::Error> {
    let (mut out, mut rest, mut column) = (String::new(), bytes, 0);
    while let Some(&byte) = rest.first() {
        let zeros = rest.iter().take_while(|byte| **byte == 0).count();
        if column % 32 == 0 {
            out.push_str("\n ");
        }
        column += 1;
        let taken = if zeros > 16 { zeros } else { 1 };
        match taken {
            1 => write!(out, " {byte:02x}")?,
            run => write!(out, " 00*{run}")?,
        }
        rest = rest.get(taken..).unwrap_or(&[]);
    }
    Ok(out)
}
