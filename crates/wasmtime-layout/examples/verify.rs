//! Says of compiled modules of Wasmtime's how much of their code stays in its sandbox.
//!
//! ```text
//! cargo run --release -p prova-wasmtime-layout --example verify -- M.cwasm M.wasm [THREADS]
//! ```

use prova_wasmtime_layout::uncompared;
use std::collections::BTreeMap;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files: Vec<String> = std::env::args().skip(1).collect();
    let (files, jobs) = match &files[..] {
        [compiled, wasm] => ([compiled, wasm], 1),
        [compiled, wasm, jobs] => ([compiled, wasm], jobs.parse()?),
        _ => return Err("two files: M.cwasm M.wasm".into()),
    };
    let [compiled, wasm] = files.map(std::fs::read);
    let report = prova_wasmtime_layout::verify_on(jobs, &compiled?, &wasm?, uncompared)?;
    println!(
        "{} functions confined ({} bytes), {} refused, {} not checked",
        report.confined,
        report.confined_bytes,
        report.refused.len(),
        report.unchecked.len(),
    );
    let mut reasons: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for refusal in &report.refused {
        let reason = format!("{:?}: {}", refusal.rule, refusal.what);
        let first = || (0, format!("{} at {:#x}", refusal.name, refusal.offset));
        reasons.entry(reason).or_insert_with(first).0 += 1;
    }
    for (reason, (count, first)) in reasons {
        println!("{count:6} {reason} (first: {first})");
    }
    Ok(())
}
