//! Text or bytes of a module to a file of Wasmtime's, as `wasmtime compile` makes it, and the
//! instruction at a place of such a file.
//!
//! ```text
//! faults compile MODULE FILE [SETTING…]   reservation=BYTES guard=BYTES signals=no cpu=any
//! faults instruction FILE OFFSET          of the text, in hexadecimal
//! ```
//!
//! Files are for processors with AVX2, of whatever machine compiles; with `cpu=any` for all x86-64.
//! Which fault of the patched compiler is on says PROVA_FAULT (`run`).

use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter};
use object::{Object, ObjectSection};
use std::error::Error;
use std::fs;
use wasmtime::{Config, Engine};

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["compile", module, file, ref settings @ ..] => compile(module, file, settings),
        ["instruction", file, offset] => instruction(file, u64::from_str_radix(offset, 16)?),
        _ => Err("usage: faults compile MODULE FILE [SETTING…] | instruction FILE OFFSET".into()),
    }
}

fn compile(module: &str, file: &str, settings: &[&str]) -> Result<(), Box<dyn Error>> {
    let mut config = Config::new();
    config.target("x86_64-unknown-linux-gnu")?;
    if !settings.contains(&"cpu=any") {
        // SAFETY: no code runs here.
        unsafe { config.cranelift_flag_enable("haswell") };
    }
    for setting in settings {
        match setting.split_once('=').ok_or("a setting is NAME=VALUE")? {
            ("reservation", bytes) => config.memory_reservation(bytes.parse()?),
            ("guard", bytes) => config.memory_guard_size(bytes.parse()?),
            ("signals", "no") => config.signals_based_traps(false),
            ("cpu", "any") => &mut config,
            _ => return Err(format!("no such setting: {setting}").into()),
        };
    }
    let module = wat::parse_file(module)?;
    fs::write(file, Engine::new(&config)?.precompile_module(&module)?)?;
    Ok(())
}

fn instruction(file: &str, offset: u64) -> Result<(), Box<dyn Error>> {
    let bytes = fs::read(file)?;
    let file = object::File::parse(&*bytes)?;
    let text = file.section_by_name(".text").ok_or("no text")?.data()?;
    let code = text.get(usize::try_from(offset)?..).ok_or("behind the text")?;
    let instruction = Decoder::with_ip(64, code, offset, DecoderOptions::NONE).decode();
    let mut words = String::new();
    IntelFormatter::new().format(&instruction, &mut words);
    println!("{words}");
    Ok(())
}
