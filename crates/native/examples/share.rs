//! Compiles every function of the modules named and prints how many are machine code, the reasons
//! of the rest, and the sizes.
//!
//! `cargo run --release -p prova-native --example share programs/bin/*.wasm`

use prova_check::{Config, Layout};
use prova_module::{Features, Limits, Module, TypeIdx};
use prova_native::{Target, body};
use std::collections::BTreeMap;
use std::process::ExitCode;

fn main() -> ExitCode {
    for file in std::env::args().skip(1) {
        if let Err(error) = share(&file) {
            eprintln!("{file}: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn share(file: &str) -> Result<(), Box<dyn std::error::Error>> {
    let module = Module::decode(std::fs::read(file)?, &Features::default(), &Limits::default())?;
    let config = Config::default();
    let layout = Layout::derive(module.bytes(), &config)?;
    let target = Target::new(config.cpu)?;
    let (mut native, mut wasm_bytes, mut code_bytes, mut rows) = (0, 0, 0, 0);
    let mut declined: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for func in module.defined_funcs() {
        let compiled = body(&module, func, config.metering)
            .and_then(|body| target.compile(&module, &layout, body.body(), false));
        match compiled {
            Ok(code) => {
                native += 1;
                wasm_bytes += module.body(func).map_or(0, |body| body.range().len());
                code_bytes += code.bytes.len();
                rows += code.traps.len() + code.calls.len();
            }
            Err(why) => declined.entry(why.reason()).or_default().push(format!("{func}: {why}")),
        }
    }
    let thunks = (0..module.types().len() as u32).map(TypeIdx).filter(|&ty| {
        target.thunk_in(&module, ty).is_ok() && target.thunk_out(&module, ty).is_ok()
    });
    let all = module.defined_funcs().len();
    println!(
        "{file}: {native} of {all} functions native, {} of {} types; {wasm_bytes} bytes of Wasm, \
         {code_bytes} of code, {rows} rows",
        thunks.count(),
        module.types().len()
    );
    for (reason, funcs) in declined {
        println!("    {reason}: {} (first {})", funcs.len(), funcs[0]);
    }
    Ok(())
}
