//! `prova verify`: what `prova compile` wrote, checked; nothing runs.
//!
//! The report says in the words of `docs/TRUST.md` what is proved, tested and assumed. Exit codes:
//! 0; 1 if the file or the module in it is bad, a piece of code is refused, the module is not the
//! one of `--expect`, or `--rebuild` gives another file; 2 misuse. `tests/verify.rs` holds outputs.

mod wasmtime;

use crate::args::{Proposals, Require};
use crate::check_code::{Made, hexadecimal};
use crate::input;
use crate::progress;
use crate::report::{Exit, Misuse, OfFile, Shown as _, present};
use clap::Args;
use prova_artifact::Artifact;
use prova_builds::names::{counted, printable};
use prova_check::CodeKind;
use prova_core::{Config, Context, Engine, Error, Proposal, Result, bail};
use prova_inspect::find;
use prova_module::{FuncIdx, Module};
use prova_native::{
    Change, NativeCompiler, Verification, has_relations, judge, layout, rebuild, same_maker, verify,
};
use prova_report::{Node, Table};
use serde_json::json;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::rc::Rc;

/// Checks what `prova compile` or `wasmtime compile` wrote, without running it
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Compiles the module inside again, and compares the file, or where that differs every piece
    #[arg(long)]
    rebuild: bool,
    /// Accepts only the file, or the module inside, with this SHA-256
    #[arg(long, value_name = "SHA256")]
    expect: Option<String>,
    /// Says why the instruction at this offset of a function's code is accepted: its address, the
    /// rule, and the comparisons and branches that the check needs
    #[arg(long, value_name = "FUNC+OFFSET", conflicts_with = "rebuild")]
    explain: Option<String>,
    #[command(flatten)]
    proposals: Proposals,
    /// The property that the code of each function needs
    #[arg(long, value_enum, value_name = "WHAT", default_value_t)]
    require: Require,
    /// Prints JSON
    #[arg(long)]
    json: bool,
    /// Threads; all processors if not given
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// The WebAssembly of a compiled module of Wasmtime's, whose code is then checked against it
    #[arg(long, value_name = "MODULE")]
    wasm: Option<PathBuf>,
    /// The file that `prova compile` or `wasmtime compile` wrote
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl VerifyArgs {
    fn jobs(&self) -> usize {
        self.jobs.or_else(|| std::thread::available_parallelism().ok()).map_or(1, Into::into)
    }
}

/// Runs the command.
pub(crate) fn run(args: &VerifyArgs) -> Result<Exit> {
    let (name, features) = (args.file.shown(), args.proposals.features()?);
    if let Some(compiled) = input::wasmtime(&args.file)? {
        return wasmtime::run(args, &compiled);
    }
    if args.wasm.is_some() {
        return wasmtime::none(&args.file);
    }
    let bytes = input::artifact(&args.file)?;
    let is_file = args.expect.as_ref().is_some_and(|digest| input::is_expected(&bytes, digest));
    let file_digest = input::sha256(&bytes);
    let read = Artifact::read(bytes).map_err(Error::new);
    let artifact = read.with_context(|| format!("failed to read `{name}`"))?;
    let limits = prova_core::Limits::default();
    let module = Module::decode(artifact.module().to_vec(), &features, &limits)
        .context(OfFile::new("load the module in", &args.file))?;
    if let Some(expected) = args.expect.as_ref().filter(|_| !is_file) {
        input::expected(module.bytes(), expected, &args.file)?;
    }
    if let Some(place) = &args.explain {
        return explain(args, place, (&artifact, &module));
    }
    let jobs = args.jobs();
    let none = |why| Error::msg(format!("there can be no machine code of the module: {why}"));
    let _work = progress::start("checking code of", &args.file, args.json);
    let found = verify(&artifact, &module, jobs).map_err(none)?;
    let rebuilt = match args.rebuild {
        true => Some(Rebuilt::of(&artifact, &module, jobs).map_err(none)?),
        false => None,
    };
    let lacks = match args.require {
        Require::Confined => None,
        Require::Proved => without(&found, other_ways(&artifact, &module).map_err(none)?),
    };
    let is_same = rebuilt.as_ref().is_none_or(Rebuilt::is_same);
    let good = found.refused.is_empty() && is_same && lacks.is_none();
    let told = (&found, rebuilt.as_ref(), lacks);
    present(&report((args, &file_digest), &artifact, &module, told), args.json)?;
    Ok(if good { Exit::Done } else { Exit::Bad })
}

/// The outcome of compiling the module inside again.
struct Rebuilt {
    pieces: Vec<(CodeKind, Change)>,
    /// Whether the whole file is the same; if not, where it differs first; `None`: it cannot be
    /// compiled on this machine as a whole.
    file: Option<Result<(), usize>>,
}

impl Rebuilt {
    fn of(artifact: &Artifact<Vec<u8>>, module: &Module, jobs: usize) -> Result<Rebuilt, String> {
        let file = prova_core::on_threads(jobs, || recompiled(artifact)).ok();
        let file = file.map(|other| {
            let bytes = artifact.bytes();
            let pairs = bytes.iter().zip(&other);
            match *bytes == other {
                true => Ok(()),
                false => Err(pairs.take_while(|(one, other)| one == other).count()),
            }
        });
        let pieces = match file {
            Some(Ok(())) => Vec::new(),
            Some(Err(_)) | None => {
                prova_core::on_compiler_thread(|| rebuild(artifact, module, jobs))?
            }
        };
        Ok(Rebuilt { pieces, file })
    }

    fn is_same(&self) -> bool {
        self.pieces.is_empty() && self.file.is_none_or(|file| file.is_ok())
    }
}

/// The file that compiling the module inside gives in the settings that the file names.
fn recompiled(artifact: &Artifact<Vec<u8>>) -> Result<Vec<u8>> {
    let settings = artifact.settings();
    let prova_check::Config { metering, signals, .. } = settings.config;
    let mut config = Config::new();
    config.native(NativeCompiler::of(&settings.config)).signals_based_traps(signals);
    config.consume_fuel(metering.fuel).epoch_interruption(metering.epoch);
    // The module inside was let through before.
    config.wasm_proposal(Proposal::SharedMemory, true);
    config.deterministic(settings.deterministic).require_proved(has_relations(artifact));
    let engine = Engine::new(&config)?;
    prova_core::Module::new(&engine, artifact.module())?.serialize()
}

/// The most rows of a list that are shown.
const ROWS: usize = 40;

fn report(
    (args, file_digest): (&VerifyArgs, &str),
    artifact: &Artifact<Vec<u8>>,
    module: &Module,
    (found, again, lacks): (&Verification, Option<&Rebuilt>, Option<Vec<String>>),
) -> Node {
    let (file, settings) = (args.file.shown(), artifact.settings());
    let all = module.defined_funcs().len();
    let digest = input::sha256(module.bytes());
    let Verification { functions, bytecode, refused, proved, .. } = found;
    let title = format!(
        "{file}: machine code of {} of {}",
        functions.len(),
        counted(all as u64, "function")
    );
    let about = [
        format!("file: SHA-256 {file_digest}"),
        format!("module: {} bytes, SHA-256 {digest}", module.bytes().len()),
        format!("made by {}, for {settings}", settings.maker),
    ];
    let judged = match (refused.is_empty(), again.is_none_or(Rebuilt::is_same)) {
        (true, true) if lacks.is_some() => "not proved in part",
        (true, true) => "accepted",
        (false, _) => "refused in part",
        (true, false) => "not what its module compiles to",
    };
    let sound = sound(module, found);
    let tested = untold(module, found).with_evidence(lacks.unwrap_or_default());
    let tested = tested.with_evidence(again.map(|again| rebuilt(artifact, again)));
    let assumed = Node::of("assumed", "assumed").with_evidence(
        ["the list of `prova trust`: the runtime, the decoder and the processor keep their part"]
            .map(str::to_owned),
    );
    let mut table = Table { shown: Some(ROWS), ..Table::new("changed", &["", ""]) };
    let changes = again.map_or(&[][..], |again| &again.pieces);
    for (kind, change) in changes {
        table.push([name_of(module, *kind), change.to_string()], false);
    }
    let tested = if changes.is_empty() { tested } else { tested.with_table(table) };
    let members = json!({
        "module": { "bytes": module.bytes().len(), "sha256": digest },
        "file": { "sha256": file_digest },
        "settings": settings.to_string(), "maker": settings.maker,
        "functions": all, "accepted": functions.len(), "refused": refused.len(),
        "bytecode": bytecode.len(), "proved": proved.len(), "changed": again.map(|again| again.pieces.len()),
        "same_file": again.and_then(|again| again.file).map(|file| file.is_ok()),
    });
    let node = Node::of("artifact", title).with_verdict(judged).with_evidence(about).with(members);
    node.with_children([sound, tested, assumed])
}

/// The properties of a file's code that are proved, and the pieces that are refused.
fn sound(module: &Module, found: &Verification) -> Node {
    let Verification { functions, thunks, bytecode, refused, code_bytes, proved, .. } = found;
    let confined = format!(
        "from the final bytes of {} and {}: the code cannot leave its sandbox ({code_bytes} bytes)",
        counted(functions.len() as u64, "function"),
        counted(*thunks as u64, "thunk"),
    );
    let equal = (!proved.is_empty()).then(|| {
        let count = counted(proved.len() as u64, "function");
        format!("of {count}, by their relations: the code computes what the WebAssembly says")
    });
    let later = (!bytecode.is_empty() || !refused.is_empty()).then(|| {
        let left = bytecode.len() + refused.iter().filter(|(kind, _)| is_func(*kind)).count();
        let left = counted(left as u64, "function");
        format!("where it runs: that the bytecode of {left} is equal to its WebAssembly")
    });
    let all = [confined].into_iter().chain(equal).chain(later);
    let node = Node::of("proved", "proved").with_evidence(all);
    let mut table = Table { shown: Some(ROWS), ..Table::new("refused", &["", ""]) };
    refused.iter().for_each(|(kind, why)| table.push([name_of(module, *kind), why.clone()], false));
    if refused.is_empty() { node } else { node.with_table(table) }
}

/// The properties that are not proved, and the relations that prove nothing.
fn untold(module: &Module, found: &Verification) -> Node {
    let Verification { functions, proved, unproved, .. } = found;
    let left = functions.len() - proved.len();
    let of = match proved.len() {
        0 => String::new(),
        _ => format!("of {}: ", counted(left as u64, "other function")),
    };
    let results = format!(
        "{of}that the code computes what the WebAssembly says, pays as much fuel, and fixes NaNs"
    );
    let addresses = "that addresses of the host do not reach the guest as numbers; Spectre";
    let all_proved = !functions.is_empty() && left == 0;
    let ways = "that ways into functions and out of them hand values over rightly: where a proof is \
                required, those of the file do not run";
    let untold = [results, ways.to_owned(), addresses.to_owned()].into_iter();
    let untold = untold.skip(usize::from(all_proved));
    let node = Node::of("tested", "not proved").with_evidence(untold);
    let caption = "relations that prove nothing";
    let mut table = Table { shown: Some(ROWS), ..Table::new(caption, &["", ""]) };
    unproved.iter().for_each(|(func, why)| {
        table.push([name_of(module, CodeKind::Func(func.0)), printable(why)], false);
    });
    if unproved.is_empty() { node } else { node.with_table(table) }
}

/// Where a proof is required, and is missing: of how many functions, if it is not said elsewhere,
/// and of how many ways into functions and out of them.
fn without(found: &Verification, other_ways: usize) -> Option<Vec<String>> {
    let Verification { functions, proved, unproved, .. } = found;
    let left = functions.len() - proved.len() - unproved.len();
    let funcs = (left > 0).then(|| {
        let count = counted(left as u64, "function");
        format!("the code of {count} comes without a proof (`prova compile --require proved`)")
    });
    let ways = (other_ways > 0).then(|| {
        let count = counted(other_ways as u64, "way");
        format!("{count} into functions or out of them: not the code that this program makes")
    });
    let lacks = left > 0 || other_ways > 0 || !unproved.is_empty();
    lacks.then(|| funcs.into_iter().chain(ways).collect())
}

/// How many ways into functions and out of them are others than this program makes: no proof
/// covers ways, so it is the compiler of this program that is believed, not the file's maker.
fn other_ways(artifact: &Artifact<Vec<u8>>, module: &Module) -> std::result::Result<usize, String> {
    let (layout, settings) = (layout(artifact, module)?, prova_core::Settings::default());
    let compiler = NativeCompiler::of(&artifact.settings().config);
    let is_other = |&kind: &CodeKind| {
        let made = prova_core::accepted_code(&compiler, module, &layout, &settings, kind);
        match (made, artifact.piece(kind)) {
            (Ok(made), Ok(Some(piece))) => {
                (&made.bytes[..], &made.traps, &made.calls)
                    != (piece.bytes, &piece.traps, &piece.calls)
            }
            _ => true,
        }
    };
    let ways = artifact.kinds().filter(|&kind| !is_func(kind));
    let types = module.types().len() as u32;
    // Those of types that the module does not have never run, and are refused elsewhere.
    let ways = ways.filter(
        |kind| matches!(kind, CodeKind::ThunkIn(ty) | CodeKind::ThunkOut(ty) if *ty < types),
    );
    Ok(ways.filter(is_other).count())
}

/// The line about compiling again.
fn rebuilt(artifact: &Artifact<Vec<u8>>, again: &Rebuilt) -> String {
    let by = if same_maker(artifact) { "" } else { " by another version" };
    let told = match (again.pieces.len(), again.file) {
        (0, Some(Ok(()))) => "the whole file has the same bytes".to_owned(),
        (0, Some(Err(at))) => {
            format!("every piece has the same bytes, and the file has others from {at:#x} on")
        }
        (0, None) => "every piece has the same bytes (names are not compared)".to_owned(),
        (n, _) => format!("{} other bytes", has(n)),
    };
    format!("compiled again{by}: {told}")
}

fn has(count: usize) -> String {
    format!("{} {}", counted(count as u64, "piece"), if count == 1 { "has" } else { "have" })
}

fn is_func(kind: CodeKind) -> bool {
    match kind {
        CodeKind::Func(_) => true,
        CodeKind::ThunkIn(_) | CodeKind::ThunkOut(_) | CodeKind::Loop { .. } | CodeKind::Way(_) => {
            false
        }
    }
}

fn name_of(module: &Module, kind: CodeKind) -> String {
    match kind {
        CodeKind::Func(func) if (func as usize) < module.func_count() => {
            match module.func_name_or_export(FuncIdx(func)) {
                Some(name) => format!("{name} (func{func})"),
                None => format!("func{func}"),
            }
        }
        CodeKind::Func(func) => format!("func{func}"),
        CodeKind::Loop { func, offset } => format!("func{func} from the loop at {offset:#x} on"),
        CodeKind::ThunkIn(ty) => format!("way into type {ty}"),
        CodeKind::ThunkOut(ty) => format!("way out to type {ty}"),
        CodeKind::Way(way) => format!("{way:?}"),
    }
}

/// `FUNC+OFFSET`: what the check needs to accept that instruction.
fn explain(
    args: &VerifyArgs,
    place: &str,
    (artifact, module): (&Artifact<Vec<u8>>, &Module),
) -> Result<Exit> {
    let (func, offset) = placed(place, module)?;
    let layout = Rc::new(layout(artifact, module).map_err(Error::msg)?);
    let Some(made) = Made::stored(artifact, layout, func) else {
        bail!("the file has no code of {func}, or it is damaged");
    };
    if let Err(why) = judge(artifact, made.layout(), CodeKind::Func(func.0)) {
        bail!("the code of {func} is refused, so nothing rests on any comparison: {why}");
    }
    present(&made.explained(offset)?, args.json)?;
    Ok(Exit::Done)
}

/// The function and the offset in its code that `FUNC+OFFSET` names.
fn placed(place: &str, module: &Module) -> Result<(FuncIdx, u32)> {
    let Some((name, offset)) = place.rsplit_once('+') else {
        bail!(Misuse(format!("`--explain {place}`: it must be FUNC+OFFSET")));
    };
    let offset = hexadecimal(offset)?;
    let func = find(module, name).map_err(|error| Misuse(error.to_string()))?;
    Ok((func, offset))
}
