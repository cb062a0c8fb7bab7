//! Writes a twin of a module, so that programs can be timed with memories of another kind.
//!
//! ```text
//! cargo run -p prova-rewrite --example twin -- wide|imported|several IN.wasm OUT.wasm
//! ```

use prova_rewrite::{Twin, twin};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, from, to] = &arguments[..] else {
        eprintln!("twin wide|imported|several IN.wasm OUT.wasm");
        return ExitCode::from(2);
    };
    let what = match kind.as_str() {
        "wide" => Twin { wide: true, ..Twin::default() },
        "imported" => Twin { imported: true, ..Twin::default() },
        "several" => Twin { several: true, ..Twin::default() },
        _ => {
            eprintln!("no kind of twin: {kind}");
            return ExitCode::from(2);
        }
    };
    let made = std::fs::read(from).map_err(|error| format!("{from}: {error}")).and_then(|wasm| {
        let made = twin(&wasm, what).map_err(|error| format!("{from}: {error}"))?;
        std::fs::write(to, made).map_err(|error| format!("{to}: {error}"))
    });
    match made {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
