//! `prova check-code`: a module's machine code made, certified and checked; nothing runs.
//!
//! Without a function: how many are machine code, how many stay bytecode and why, and each whose
//! code the check refuses. With one: its instructions, or what the check's acceptance of one of
//! them rests on. Exit codes: 0; 1 if code is refused, or the module is bad; 2 for misuse.
//! `tests/code.rs` holds outputs.

mod matrix;

use crate::args::{EngineArgs, Require};
use crate::groups::{Optimize, Wasm};
use crate::input;
use crate::progress;
use crate::report::{Exit, Misuse, Shown as _, present};
use clap::Args;
use prova_artifact::Artifact;
use prova_builds::names::{counted, printable};
use prova_check::CodeKind;
use prova_core::{Context, Ended, Features, Result, Trap, bail};
use prova_inspect::find;
use prova_module::{FuncIdx, Module};
use prova_native::{
    Config, Derivation, Layout, Line, MemoryShape, Metering, NativeCode, Reach, Share, Target,
    body, certificate, code_of, derivation, listing, premises, survey, survey_loops, survey_proved,
    verdict,
};
use prova_report::{Node, Table};
use prova_ssa::CheckedBody;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::rc::Rc;

/// Compiles a module to machine code and checks it, without running anything
#[derive(Debug, Args)]
pub(crate) struct CheckCodeArgs {
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    /// The function whose code is shown: its index, export or name, or an offset in it
    #[arg(long, value_name = "NAME|INDEX|EXPORT")]
    function: Option<String>,
    /// Says why the instruction at this offset of the function's code is accepted: its address, the
    /// rule, and the comparisons and branches that the check needs
    #[arg(long, value_name = "OFFSET", requires = "function")]
    explain: Option<String>,
    /// Writes the certificate of the function's code to a file
    #[arg(long, value_name = "FILE", requires = "function")]
    certificate: Option<PathBuf>,
    /// Makes and checks code for memories, processors and settings of all kinds
    #[arg(
        long,
        conflicts_with_all = ["function", "explain", "certificate", "require", "optimize", "wasm"]
    )]
    matrix: bool,
    /// Makes and checks the code of each loop from a round on, which tier `auto` goes over to, in
    /// the place of functions
    #[arg(long, conflicts_with_all = ["function", "explain", "certificate", "require", "matrix"])]
    loops: bool,
    /// Threads; all processors if not given
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// The module in binary or text format (`-` for standard input)
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Runs the command.
pub(crate) fn run(args: &CheckCodeArgs) -> Result<Exit> {
    let config = config(&args.engine)?;
    let module = input::decoded_with(&args.file, &features(&args.engine)?)?;
    let deterministic = deterministic(&args.engine)?;
    if args.matrix {
        return matrix::matrix(args, &module, deterministic);
    }
    let Some(name) = &args.function else { return all(args, &module, (&config, deterministic)) };
    let func = find(&module, name).map_err(|error| Misuse(error.to_string()))?;
    let made = Maker::new(&module, (&config, deterministic))?.made(func)?;
    if let (Some(file), Ok(certificate)) =
        (&args.certificate, certificate(&made.layout, &made.code))
    {
        std::fs::write(file, certificate)
            .with_context(|| format!("failed to write `{}`", file.shown()))?;
    }
    let Some(offset) = &args.explain else {
        present(&made.listed(), false)?;
        return Ok(if made.verdict().is_ok() { Exit::Done } else { Exit::Bad });
    };
    present(&made.explained(hexadecimal(offset)?)?, false)?;
    Ok(Exit::Done)
}

/// An offset of `--explain`.
///
/// # Errors
/// [`Misuse`].
pub(crate) fn hexadecimal(offset: &str) -> Result<u32> {
    let digits = offset.strip_prefix("0x").unwrap_or(offset);
    match u32::from_str_radix(digits, 16) {
        Ok(offset) => Ok(offset),
        Err(_) => bail!(Misuse(format!("`--explain {offset}`: it needs a hexadecimal offset"))),
    }
}

/// The target of the code, by the options of `-O` and `-W`.
///
/// # Errors
/// [`Misuse`].
pub(crate) fn config(engine: &EngineArgs) -> Result<Config> {
    let (optimize, wasm) = (Optimize::parse(&engine.optimize)?, Wasm::parse(&engine.wasm)?);
    let signals = optimize.signals.unwrap_or(true);
    Ok(Config {
        memory: if signals { optimize.memory } else { MemoryShape::Explicit },
        metering: Metering { fuel: wasm.fuel.is_some(), epoch: wasm.timeout.is_some() },
        signals,
        bases: optimize.bases,
        ..Config::default()
    })
}

/// The proposals that the module may use, by the options of `-W`.
///
/// # Errors
/// [`Misuse`].
pub(crate) fn features(engine: &EngineArgs) -> Result<Features> {
    Ok(Wasm::parse(&engine.wasm)?.features())
}

/// Whether the bits of NaNs are fixed.
///
/// # Errors
/// [`Misuse`].
pub(crate) fn deterministic(engine: &EngineArgs) -> Result<bool> {
    let nan_canonicalization = Wasm::parse(&engine.wasm)?.nan_canonicalization;
    Ok(engine.deterministic || nan_canonicalization == Some(true))
}

impl CheckCodeArgs {
    fn jobs(&self) -> usize {
        self.jobs.or_else(|| std::thread::available_parallelism().ok()).map_or(1, Into::into)
    }
}

/// Compiles and checks everything.
fn all(args: &CheckCodeArgs, module: &Module, config: (&Config, bool)) -> Result<Exit> {
    let jobs = args.jobs();
    let _work = progress::start("checking code of", &args.file, false);
    let surveyed = match (args.loops, args.engine.require) {
        (true, _) => survey_loops(module, config, jobs).map(|found| (found, None)),
        (false, Require::Confined) => survey(module, config, jobs).map(|found| (found, None)),
        (false, Require::Proved) => {
            progress::of(module.defined_funcs().len());
            let found = survey_proved(module, config, jobs, &progress::step);
            found.map(|(found, proofs)| (found, Some(proofs)))
        }
    };
    let (found, proofs) = match surveyed {
        Ok(found) => found,
        Err(error) => bail!("there is no machine code of `{}`: {error}", args.file.shown()),
    };
    let proofs = proofs.map(|proofs| proved(module, &proofs));
    let (file, native) = (args.file.shown(), found.native);
    let (what, parts) = if args.loops { ("loops", ",") } else { ("functions", " with thunks,") };
    let title = format!("{file}: {native} of {} {what} are machine code", found.functions);
    let capped = found
        .caps
        .iter()
        .map(|(cause, count)| format!("bytecode, beyond what is compiled ({cause}): {count}"));
    let (code, certificates) = (found.code_bytes, found.certificate_bytes);
    let node = Node::of("code", title)
        .with_evidence(capped)
        .with_evidence(found.declined.iter().map(|why| format!("bytecode: {why}")))
        .with_evidence(found.refused.iter().map(|why| format!("refused: {why}")))
        .with_evidence([format!("{code} bytes of code{parts} {certificates} of certificates")])
        .with_evidence(found.reaches.iter().map(|(reach, n)| format!("accesses {reach}: {n}")))
        .with_children(proofs);
    present(&node, false)?;
    Ok(if found.refused.is_empty() { Exit::Done } else { Exit::Bad })
}

/// The most functions that are not proved whose places are shown.
const UNPROVED_SHOWN: usize = 200;

/// How much is proved to do what its functions say, and where the others differ first.
fn proved(module: &Module, found: &Share) -> Node {
    let (proved, all) = (found.proved(), found.all());
    let of = |a: u64, b: u64, what: &str| {
        format!("{a} of {b} {what} ({:.1} %)", 100.0 * a as f64 / b.max(1) as f64)
    };
    let title = format!("proved: {}", of(proved.functions, all.functions, "functions"));
    let relations = format!("{} bytes of relations", found.relation_bytes());
    let sizes = [
        of(proved.instructions, all.instructions, "instructions"),
        of(proved.bytes, all.bytes, "bytes of their code"),
        relations,
    ];
    let ended = found.ended();
    let ended =
        (ended > 0).then(|| format!("{}: {}", Ended::Bound, counted(ended as u64, "function")));
    let mut table =
        Table { shown: Some(UNPROVED_SHOWN), ..Table::new("not proved", &[">", "", ""]) };
    for proof in &found.proofs {
        if let Err(why) = &proof.outcome {
            let name = module.func_name_or_export(proof.func).unwrap_or_default().to_owned();
            // Terms may be long; `prova inspect --equal` has all of it.
            table.push([proof.func.to_string(), name, printable(&why.to_string())], false);
        }
    }
    let node = Node::of("proved", title).with_evidence(sizes).with_evidence(ended);
    if table.rows.is_empty() { node } else { node.with_table(table) }
}

/// Compiles functions of a module.
pub(crate) struct Maker<'m> {
    module: &'m Module,
    config: &'m Config,
    deterministic: bool,
    layout: Rc<Layout>,
    target: Target,
}

impl<'m> Maker<'m> {
    /// # Errors
    /// If there can be no code of the module.
    pub(crate) fn new(
        module: &'m Module,
        (config, deterministic): (&'m Config, bool),
    ) -> Result<Maker<'m>> {
        let layout = Rc::new(Layout::derive(module.bytes(), config)?);
        Ok(Maker { module, config, deterministic, layout, target: Target::new(config.cpu)? })
    }

    /// A function's code.
    ///
    /// # Errors
    /// If there is none.
    pub(crate) fn made(&self, func: FuncIdx) -> Result<Made> {
        let body = self.body(func)?;
        let code =
            self.target.compile(self.module, &self.layout, body.body(), self.deterministic)?;
        Ok(Made::of(Rc::clone(&self.layout), code))
    }

    /// The input of Cranelift for a function.
    ///
    /// # Errors
    /// If there is none.
    pub(crate) fn clif(&self, func: FuncIdx) -> Result<String> {
        let body = self.body(func)?;
        Ok(self.target.clif(self.module, &self.layout, body.body(), self.deterministic)?)
    }

    fn body(&self, func: FuncIdx) -> Result<CheckedBody> {
        if self.module.body(func).is_none() {
            bail!(Misuse(format!("{func} is an import: there is no code to show")));
        }
        Ok(body(self.module, func, self.config.metering)?)
    }
}

/// The code of a function.
pub(crate) struct Made {
    layout: Rc<Layout>,
    code: NativeCode,
    pub(crate) lines: Vec<Line>,
}

impl Made {
    /// The code of a function in what `prova compile` wrote; `None`: it has none.
    pub(crate) fn stored(
        artifact: &Artifact<Vec<u8>>,
        layout: Rc<Layout>,
        func: FuncIdx,
    ) -> Option<Made> {
        Some(Made::of(layout, code_of(artifact, CodeKind::Func(func.0))?))
    }

    /// Code under a layout.
    pub(crate) fn of(layout: Rc<Layout>, code: NativeCode) -> Made {
        let lines = listing(&code);
        Made { layout, code, lines }
    }

    /// The layout that the code is checked in.
    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The check's verdict.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub(crate) fn verdict(&self) -> std::result::Result<(), prova_native::Rejection> {
        verdict(&self.layout, &self.code)
    }

    /// Whether it is accepted.
    pub(crate) fn report(&self) -> Node {
        match self.verdict() {
            Ok(()) => {
                let title = format!("{} bytes of code", self.code.bytes.len());
                Node::of("code", title).with_verdict("accepted")
            }
            Err(rejection) => Node::of("code", rejection.to_string()).with_verdict("refused"),
        }
    }

    /// The accesses of memories whose length is compared, or why it is not; nothing if there are
    /// none.
    pub(crate) fn accesses(&self) -> Option<Node> {
        let mut table = Table::new("", &[">", ""]);
        for (offset, reach) in &self.code.reaches {
            table.push([format!("{offset:#x}"), reach.to_string()], false);
        }
        let all = self.code.reaches.len();
        let compared = self.code.reaches.iter().filter(|(_, reach)| *reach == Reach::Compared);
        let title = format!("{} of {all} accesses are compared with a length", compared.count());
        (!table.rows.is_empty()).then(|| Node::of("accesses", title).with_table(table))
    }

    /// The instructions with their places.
    pub(crate) fn listed(&self) -> Node {
        let mut table = Table::new("", &[">", ""]);
        let mut before = None;
        for line in &self.lines {
            let place = line.wasm_offset.filter(|_| line.wasm_offset != before);
            before = line.wasm_offset;
            let place = place.map_or(String::new(), |at| format!("{at:#x}"));
            table.push([place, instruction(line)], false);
        }
        self.report().with_table(table)
    }

    /// Why the instruction at an offset is accepted or refused, and the comparisons and branches
    /// that it needs to be accepted.
    ///
    /// # Errors
    /// [`Misuse`] if there is none.
    pub(crate) fn explained(&self, offset: u32) -> Result<Node> {
        let of = |at: u32| self.lines.iter().find(|line| line.offset == at);
        let said = |line: &Line| instruction(line).trim_start().to_owned();
        let Some(line) = of(offset) else {
            let around = self.lines.iter().rfind(|line| line.offset < offset);
            let what = match around.filter(|line| offset - line.offset < line.len) {
                Some(line) => {
                    format!(
                        "it is inside the one at {:#x}, which has {} bytes",
                        line.offset, line.len
                    )
                }
                None => format!("the code has {:#x} bytes", self.code.bytes.len()),
            };
            bail!(Misuse(format!("there is no instruction at {offset:#x} of the code: {what}")));
        };
        let place = line.wasm_offset.map(|at| format!("of the operator at {at:#x} of the module"));
        let bytes = self.code.bytes.get(offset as usize..).unwrap_or(&[]);
        let bytes: Vec<String> =
            bytes.iter().take(line.len as usize).map(|byte| format!("{byte:02x}")).collect();
        let bytes = format!("bytes: {}", bytes.join(" "));
        let node = Node::of("instruction", said(line)).with_evidence(place).with_evidence([bytes]);
        let derived = derivation(&self.layout, &self.code, offset);
        let verdict = self.verdict();
        // A rule that is asked once the code has ended is no part of the derivation.
        let here = verdict.as_ref().err().filter(|rejection| rejection.offset == offset);
        let node = node.with_evidence(derived.map(|of| told(of, here)).unwrap_or_default());
        if let Err(rejection) = verdict {
            return Ok(node.with_evidence([format!("refused: {rejection}")]));
        }
        let found = premises(&self.layout, &self.code, offset);
        let none = "accepted, whatever comparison or branch before it is taken out".to_owned();
        let node = node.with_evidence(found.is_empty().then_some(none));
        Ok(node.with_children(found.into_iter().map(|(at, rejection)| {
            let without = format!("without it: {:?}: {}", rejection.rule, rejection.what);
            let needed = Node::of("premise", of(at).map(said).unwrap_or_default());
            needed.with_verdict("needs").with_evidence([without])
        })))
    }
}

/// A derivation as lines; the check refuses the instruction, if it says so.
fn told(derivation: Derivation, refused: Option<&prova_native::Rejection>) -> Vec<String> {
    let Derivation { term, known, verdict, gives } = derivation;
    let verdict = match (verdict, refused) {
        (Ok(why), None) => format!("allowed: {why}"),
        (Ok(_), Some(of)) => format!("not allowed: {:?}: {}", of.rule, of.what),
        (Err(fault), _) => format!("not allowed: {:?}: {}", fault.rule, fault.what),
    };
    let term = term.map(|term| format!("address: {term}"));
    term.into_iter().chain(known).chain([verdict]).chain(gives).collect()
}

/// An instruction with its place in the code.
pub(crate) fn instruction(line: &Line) -> String {
    let trap = line.trap.map(|kind| match Trap::of_code(kind) {
        Some(trap) => format!("  ; may trap: {}", trap.to_string().replace("wasm trap: ", "")),
        None => "  ; is never reached".to_owned(),
    });
    let trap = trap.unwrap_or_default();
    format!("{:6x}  {}{trap}", line.offset, line.text)
}
