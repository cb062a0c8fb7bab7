//! `prova verify M.cwasm --wasm M.wasm`: the code of a compiled module of Wasmtime's, checked
//! against its Wasm. Exit codes as of `prova verify`.

use super::{ROWS, VerifyArgs};
use crate::args::Require;
use crate::input;
use crate::progress;
use crate::report::{Exit, Misuse, present};
use prova_builds::names::{counted, printable};
use prova_core::{Context, Error, Result, bail};
use prova_report::{Node, Table};
use prova_wasmtime_layout::{Report, verify};
use serde_json::json;
use std::path::Path;

/// Checks the file, whose bytes these are.
pub(super) fn run(args: &VerifyArgs, bytes: &[u8]) -> Result<Exit> {
    let name = args.file.display();
    let Some(wasm) = &args.wasm else {
        bail!(Misuse(format!(
            "`{name}` is a compiled module of Wasmtime's: name its WebAssembly with `--wasm`"
        )));
    };
    if args.rebuild || args.expect.is_some() || args.explain.is_some() {
        bail!(Misuse(format!(
            "`{name}` is a compiled module of Wasmtime's, which has no `--rebuild`, `--expect` and \
             `--explain`"
        )));
    }
    if args.require == Require::Proved {
        bail!(Misuse(format!(
            "`{name}` is a compiled module of Wasmtime's, of which no proof can be required"
        )));
    }
    let module = input::core_of(wasm)?;
    let _work = progress::start("checking code of", &args.file, args.json);
    let report = verify(bytes, &module).map_err(Error::new);
    let report = report.with_context(|| format!("failed to verify `{name}`"))?;
    present(&node(args, wasm, (bytes, &module), &report), args.json)?;
    Ok(if report.is_confined() { Exit::Done } else { Exit::Bad })
}

fn node(args: &VerifyArgs, wasm: &Path, (bytes, module): (&[u8], &[u8]), report: &Report) -> Node {
    let Report { release, confined, confined_bytes, refused, unchecked, .. } = report;
    let all = confined + refused.len() + unchecked.len();
    let file = args.file.display();
    let title = format!("{file}: {confined} of {}", counted(all as u64, "piece of code"));
    let judged = match (refused.is_empty(), unchecked.is_empty()) {
        (true, true) => "accepted",
        (false, _) => "refused in part",
        (true, false) => "not checked in part",
    };
    let about = [
        format!("file: SHA-256 {}, compiled by Wasmtime {release}", input::sha256(bytes)),
        format!("module: {}, SHA-256 {}", wasm.display(), input::sha256(module)),
    ];
    let sound = format!(
        "from the final bytes of {}: the code cannot leave its sandbox ({confined_bytes} bytes)",
        counted(*confined as u64, "piece"),
    );
    let mut table = Table { shown: Some(ROWS), ..Table::new("refused", &["", ""]) };
    for refusal in refused {
        let why = format!("at {:#x}: {:?}: {}", refusal.offset, refusal.rule, refusal.what);
        table.push([printable(&refusal.name), why], false);
    }
    let proved = Node::of("proved", "proved").with_evidence([sound]);
    let proved = if refused.is_empty() { proved } else { proved.with_table(table) };
    let mut left = Table { shown: Some(ROWS), ..Table::new("not checked", &[""]) };
    unchecked.iter().for_each(|name| left.push([printable(name)], false));
    let untold = [
        "that the code computes what the WebAssembly says; Spectre",
        "that the other sections of the file (functions by number, addresses, unwinding, data) are \
         what Wasmtime takes them for",
    ];
    let tested = Node::of("tested", "not proved").with_evidence(untold.map(str::to_owned));
    let tested = if unchecked.is_empty() { tested } else { tested.with_table(left) };
    let members = json!({
        "release": release, "confined": confined, "confined_bytes": confined_bytes,
        "refused": refused.len(), "unchecked": unchecked.len(),
    });
    let node = Node::of("compiled", title).with_verdict(judged).with_evidence(about).with(members);
    node.with_children([proved, tested])
}
