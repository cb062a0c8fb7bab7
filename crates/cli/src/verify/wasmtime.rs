//! `prova verify M.cwasm --wasm M.wasm`: the code of a compiled module of Wasmtime's, checked
//! against its Wasm; with `--explain`, one instruction of it. Exit codes as of `prova verify`.

use super::{ROWS, VerifyArgs, name_of, placed};
use crate::args::Require;
use crate::check_code::{Made, hexadecimal};
use crate::input;
use crate::progress;
use crate::report::{Exit, Misuse, Shown as _, present};
use prova_builds::names::{counted, printable};
use prova_check::{CodeKind, Way};
use prova_core::{Context, Error, Features, Limits, Result, bail};
use prova_module::Module;
use prova_native::listed;
use prova_report::{Node, Table};
use prova_wasmtime_layout::{
    Artifact, Collector, Compare, Patches, Piece, Refusal, Report, Settings, Symbol, SymbolKind,
    Which, piece, verify_on,
};
use serde_json::json;
use std::path::Path;
use std::rc::Rc;

/// The comparison of sections other than code: by Wasmtime's own crate, where this program has it.
#[cfg(feature = "wasmtime")]
const COMPARE: Compare = prova_wasmtime_info::rest;
#[cfg(not(feature = "wasmtime"))]
const COMPARE: Compare = prova_wasmtime_layout::uncompared;

/// The properties that are proved of no code.
const UNTOLD: [&str; 3] = [
    "that the code computes what the WebAssembly says, or polls epochs; Spectre",
    "that fuel is paid: code may leave any number, and `Store::get_fuel` panics for one of them \
     where overflows are checked",
    "that addresses of the host do not reach the guest: code has some of them, and may store them",
];

/// Checks the file, whose bytes these are.
pub(super) fn run(args: &VerifyArgs, bytes: &[u8]) -> Result<Exit> {
    let name = args.file.shown();
    let Some(wasm) = &args.wasm else {
        bail!(Misuse(format!(
            "`{name}` is a compiled module of Wasmtime's: name its WebAssembly with `--wasm`"
        )));
    };
    if args.rebuild {
        bail!(Misuse(format!(
            "`{name}` is a compiled module of Wasmtime's, which is not made again: no `--rebuild`"
        )));
    }
    if args.proposals.is_given() {
        bail!(Misuse(format!(
            "`-W`: `{name}` is a compiled module of Wasmtime's, which names what its module may use"
        )));
    }
    if args.require == Require::Proved {
        bail!(Misuse(format!(
            "`{name}` is a compiled module of Wasmtime's, of which no proof can be required"
        )));
    }
    let module = input::core_of(wasm)?;
    if let Some(digest) = args.expect.as_ref().filter(|it| !input::is_expected(bytes, it)) {
        input::expected(&module, digest, wasm)?;
    }
    if let Some(place) = &args.explain {
        return explain(args, place, (bytes, &module));
    }
    let _work = progress::start("checking code of", &args.file, args.json);
    let report = verify_on(args.jobs(), bytes, &module, COMPARE).map_err(Error::new);
    let report = report.with_context(|| format!("failed to verify `{name}`"))?;
    present(&node(args, wasm, (bytes, &module), &report), args.json)?;
    Ok(if report.is_confined() { Exit::Done } else { Exit::Bad })
}

/// The complaint about what is no compiled module of Wasmtime's. A call with a file of another kind
/// is misuse; a file that is empty or cut is a bad one.
pub(super) fn none(file: &Path) -> Result<Exit> {
    let name = file.shown();
    if file.as_os_str() == "-" {
        let what = "a compiled module of Wasmtime's does not come from standard input";
        bail!(Misuse(format!("`--wasm`: {what}: name its file")));
    }
    std::fs::File::open(file).with_context(|| format!("failed to read `{name}`"))?;
    if input::artifact(file).is_ok_and(|bytes| prova_artifact::Artifact::read(bytes).is_ok()) {
        let what = "has its module inside: leave `--wasm` out";
        bail!(Misuse(format!("`{name}` is a file of `prova compile`, which {what}")));
    }
    bail!("`{name}` does not begin as a compiled module of Wasmtime's does: it is another, or cut")
}

fn node(args: &VerifyArgs, wasm: &Path, (bytes, module): (&[u8], &[u8]), report: &Report) -> Node {
    let Report { settings, confined, refused, unchecked, confusing, .. } = report;
    let all = confined + refused.len() + unchecked.len();
    let file = args.file.shown();
    let title = format!("{file}: {confined} of {} of code", counted(all as u64, "piece"));
    let judged = match (refused.is_empty(), unchecked.is_empty()) {
        (true, true) => "accepted",
        (false, _) if *confined == 0 => "refused",
        (false, _) => "refused in part",
        (true, false) => "not checked in part",
    };
    let (file_digest, digest) = (input::sha256(bytes), input::sha256(module));
    let about = [
        format!("file: SHA-256 {file_digest}, compiled by Wasmtime {}", settings.release),
        format!("module: {}, SHA-256 {digest}", wasm.shown()),
        made_for(settings),
    ];
    let about = about.into_iter().chain(patches(report));
    let (proved, refusals) = proved(report, module);
    let members = json!({
        "file": { "sha256": file_digest },
        "module": { "bytes": module.len(), "sha256": digest },
        "settings": settings_of(settings), "release": settings.release, "patches": range(report.patches),
        "made_for": report.made_for.map(range),
        "confined": confined, "confined_bytes": report.confined_bytes,
        "refused": refused.len(), "refusals": refusals, "unchecked": unchecked.len(),
        "not_checked": unchecked, "confusing": confusing.len(),
    });
    let node = Node::of("compiled", title).with_verdict(judged).with_evidence(about).with(members);
    node.with_children([proved, untold(report)])
}

/// The settings of a file, in a line.
fn made_for(settings: &Settings) -> String {
    let with = |on: bool, what: &str| if on { what.to_owned() } else { format!("no {what}") };
    let sizes = |reserved: u64, guard: u64, moves: bool| {
        format!("{reserved:#x} bytes reserved, {guard:#x} of guard, {} move", may(moves))
    };
    let all = [
        format!("made for {}, {}", settings.target, settings.processor()),
        format!("collector {}", settings.collector.map_or("none", Collector::name)),
        with(settings.signals_based_traps, "signals"),
        with(settings.consume_fuel, "fuel"),
        with(settings.epoch_interruption, "epochs"),
    ];
    let memories =
        sizes(settings.memory_reservation, settings.memory_guard_size, settings.memory_may_move);
    format!("{}; memories: {memories}", all.join(", "))
}

fn may(may: bool) -> &'static str {
    if may { "may" } else { "never" }
}

/// The same as JSON.
fn settings_of(settings: &Settings) -> serde_json::Value {
    json!({
        "target": settings.target, "processor": settings.processor(),
        "collector": settings.collector.map(Collector::name),
        "signals": settings.signals_based_traps, "fuel": settings.consume_fuel,
        "epochs": settings.epoch_interruption, "debug_native": settings.debug_native,
        "memory_reservation": settings.memory_reservation,
        "memory_guard_size": settings.memory_guard_size,
        "memory_may_move": settings.memory_may_move,
        "gc_heap_reservation": settings.gc_heap_reservation,
        "gc_heap_guard_size": settings.gc_heap_guard_size,
        "gc_heap_may_move": settings.gc_heap_may_move,
    })
}

/// The hosts for which the verdict holds, and those that refused code is right for.
fn patches(report: &Report) -> Vec<String> {
    let Report { patches, made_for, .. } = report;
    let cause =
        "the module has an odd number of tags, and fields behind them lie elsewhere before 48.0.6";
    let cause = if *patches == Patches::ALL { String::new() } else { format!(": {cause}") };
    let holds = format!("holds for hosts of Wasmtime {patches}{cause}");
    let right = made_for.map(|made_for| {
        format!(
            "the refused code is right for Wasmtime {made_for}, one of which compiled it: \
             compile the module again with {patches}"
        )
    });
    [holds].into_iter().chain(right).collect()
}

/// Patch levels, as JSON has them.
fn range(Patches { first, last }: Patches) -> serde_json::Value {
    json!({ "first": format!("48.0.{first}"), "last": format!("48.0.{last}") })
}

/// The properties that are proved, with the code that is refused: as rows, and as JSON.
fn proved(report: &Report, module: &[u8]) -> (Node, Vec<serde_json::Value>) {
    let Report { confined, confined_bytes, refused, .. } = report;
    let sound = format!(
        "from the final bytes of {}: the code cannot leave its sandbox ({confined_bytes} bytes)",
        counted(*confined as u64, "piece"),
    );
    let mut table = Table { shown: Some(ROWS), ..Table::new("refused", &["", ""]) };
    // Names are for the reader: a module that Prova does not run is checked without them.
    let names = (!refused.is_empty()).then(|| decoded(module).ok()).flatten();
    let mut refusals = Vec::new();
    for refusal in refused {
        let Refusal { start, offset, rule, what, .. } = refusal;
        let inside = offset.saturating_sub(*start);
        let rule = format!("{rule:?}");
        let why = format!("at {inside:#x}, {offset:#x} of the text: {rule}: {what}");
        let name = refused_name(names.as_ref(), refusal);
        refusals.push(json!({
            "name": name, "kind": kind_name(refusal.kind), "function": refusal.func,
            "offset": inside, "text_offset": offset, "rule": rule, "what": what,
        }));
        table.push([name, why], false);
    }
    let proved = Node::of("proved", "proved").with_evidence([sound]);
    (if refused.is_empty() { proved } else { proved.with_table(table) }, refusals)
}

/// The properties that are not proved, with the parts of the file that have no check.
fn untold(report: &Report) -> Node {
    let Report { unchecked, confusing, .. } = report;
    let mut left = Table { shown: Some(ROWS), ..Table::new("not checked", &[""]) };
    unchecked.iter().for_each(|name| left.push([printable(name)], false));
    let mut untold: Vec<String> = UNTOLD.map(str::to_owned).to_vec();
    untold.extend(confusing.iter().map(|section| format!("that is told right: {section}")));
    let tested = Node::of("tested", "not proved").with_evidence(untold);
    if unchecked.is_empty() { tested } else { tested.with_table(left) }
}

fn decoded(module: &[u8]) -> Result<Module> {
    Ok(Module::decode(module.to_vec(), &Features::default(), &Limits::default())?)
}

/// The name of refused code: a function's by its module, other code's by its symbol.
fn refused_name(module: Option<&Module>, refusal: &Refusal) -> String {
    match (module, refusal.func) {
        (Some(module), Some(func)) => printable(&name_of(module, CodeKind::Func(func))),
        _ => printable(&refusal.name),
    }
}

/// The kind of refused code, as JSON has it.
fn kind_name(kind: SymbolKind) -> &'static str {
    match kind {
        SymbolKind::Func(_) => "function",
        SymbolKind::Way(Way::In(_)) => "trampoline in",
        SymbolKind::Way(Way::Out(_)) => "trampoline out",
        SymbolKind::Way(Way::Start) => "initialisation",
        SymbolKind::Builtin | SymbolKind::Way(Way::Builtin(_)) => "caller of a builtin",
        SymbolKind::Other => "other",
    }
}

/// `FUNC+OFFSET`: why that instruction is accepted or refused. A refused function is explained as
/// well: exit code 1. Other code is named as the report names it, by its symbol; a function may be
/// (`wasm[0]::function[5]`, and its name behind that).
fn explain(args: &VerifyArgs, place: &str, (bytes, wasm): (&[u8], &[u8])) -> Result<Exit> {
    let name = args.file.shown();
    let failed = || format!("failed to verify `{name}`");
    let artifact = Artifact::read(bytes).map_err(Error::new).with_context(failed)?;
    let symbol = place.rsplit_once('+').and_then(|(name, offset)| {
        let index = name.strip_prefix("wasm[0]::function[").and_then(|rest| rest.strip_suffix(']'));
        let func = index.and_then(|index| index.parse().ok()).map(SymbolKind::Func);
        let is = |it: &&Symbol| it.name == name || Some(it.kind) == func;
        artifact.symbols.iter().find(is).map(|symbol| (symbol, offset))
    });
    let (module, which, offset) = match symbol {
        Some((Symbol { kind: SymbolKind::Func(func), .. }, offset)) => {
            (decoded(wasm).ok(), Which::Func(*func), hexadecimal(offset)?)
        }
        Some((symbol, offset)) => (None, Which::Named(&symbol.name), hexadecimal(offset)?),
        None => {
            let module = decoded(wasm)?;
            let (func, offset) = placed(place, &module)?;
            (Some(module), Which::Func(func.0), offset)
        }
    };
    let found = piece(bytes, wasm, which, COMPARE).map_err(Error::new).with_context(failed)?;
    let Some(found) = found else {
        match which {
            Which::Func(func) => bail!("the file has no code of func{func}"),
            Which::Named(symbol) => bail!("{} has no rule", printable(symbol)),
        }
    };
    let Piece { layout, kind, start, bytes, traps, calls, certificate } = found;
    let mut code = listed((kind, bytes), &certificate, (traps, calls));
    if certificate.is_empty() {
        // What only a jump table leads to would not be listed.
        code.blocks.push(offset);
    }
    let made = Made::of(Rc::new(layout), code);
    let of = match (&module, which) {
        (_, Which::Named(symbol)) => printable(symbol),
        (Some(module), Which::Func(_)) => name_of(module, kind),
        (None, Which::Func(func)) => format!("func{func}"),
    };
    let whole = format!("{of}, which begins at {start:#x} of the text");
    present(&made.explained(offset)?.with_evidence([format!("of {whole}")]), args.json)?;
    Ok(if made.verdict().is_ok() { Exit::Done } else { Exit::Bad })
}
