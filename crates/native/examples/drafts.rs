//! Compiles every function and thunk of a module and writes the machine code with its maps to a
//! file, from which `prova-certify`'s example `machine_check_speed` measures certifier and check
//! alone.
//!
//! ```text
//! cargo run -p prova-native --example drafts -- [--explicit] [--no-signals] [--fuel] [--epochs] lua.wasm lua.drafts
//! ```
//!
//! The file is a row of 32-bit words, the lowest byte first, and of texts, each behind its length:
//! the settings as bits, the module, then the codes until the end (kind, its index, bytes, rows of
//! traps and rows of calls, each behind their number).

use prova_check::{CodeKind, Config, Layout, MemoryShape};
use prova_module::{Features, Limits, Module, TypeIdx};
use prova_native::{NativeCode, Target, body};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let (mut config, mut settings, mut files) = (Config::default(), 0, Vec::new());
    for arg in std::env::args().skip(1) {
        settings |= match arg.as_str() {
            "--explicit" => 1,
            "--no-signals" => 3,
            "--fuel" => 4,
            "--epochs" => 8,
            _ => {
                files.push(arg);
                0
            }
        };
    }
    let [wasm, out] = files.as_slice() else { return Err("a module and a file are wanted".into()) };
    if settings & 1 != 0 {
        config.memory = MemoryShape::Explicit;
    }
    config.signals = settings & 2 == 0;
    (config.metering.fuel, config.metering.epoch) = (settings & 4 != 0, settings & 8 != 0);
    let module = Module::decode(std::fs::read(wasm)?, &Features::default(), &Limits::default())?;
    let layout = Layout::derive(module.bytes(), &config)?;
    let target = Target::new(config.cpu)?;
    let mut bytes = Vec::new();
    word(&mut bytes, settings);
    text(&mut bytes, module.bytes());
    for func in module.defined_funcs() {
        let body = body(&module, func, config.metering);
        let code = body.and_then(|body| target.compile(&module, &layout, body.body(), false));
        let plain = |code: &&NativeCode| code.calls.iter().all(|row| row.wasm_offset().is_some());
        code.iter().filter(plain).for_each(|code| draft(&mut bytes, code));
    }
    for ty in (0..module.types().len()).map(|ty| TypeIdx(ty as u32)) {
        for code in [target.thunk_in(&module, ty), target.thunk_out(&module, ty)] {
            code.iter().for_each(|code| draft(&mut bytes, code));
        }
    }
    std::fs::write(out, bytes)?;
    Ok(())
}

fn word(out: &mut Vec<u8>, word: u32) {
    out.extend(word.to_le_bytes());
}

fn text(out: &mut Vec<u8>, text: &[u8]) {
    word(out, text.len() as u32);
    out.extend(text);
}

fn draft(out: &mut Vec<u8>, code: &NativeCode) {
    let (kind, index) = match code.kind {
        CodeKind::Func(func) => (0, func),
        CodeKind::Loop { .. } | CodeKind::Way(_) => unreachable!("functions and ways alone"),
        CodeKind::ThunkIn(ty) => (1, ty),
        CodeKind::ThunkOut(ty) => (2, ty),
    };
    word(out, kind);
    word(out, index);
    text(out, &code.bytes);
    word(out, code.traps.len() as u32);
    for row in &code.traps {
        for n in [row.code_offset, row.kind.into(), row.wasm_offset] {
            word(out, n);
        }
    }
    // Functions that catch are left out: the format has no place for clauses.
    word(out, code.calls.len() as u32);
    for row in &code.calls {
        for n in [row.return_offset, row.wasm_offset().unwrap_or(0)] {
            word(out, n);
        }
    }
}
