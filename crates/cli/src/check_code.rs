//! `prova check-code`: a module's machine code made, certified and checked; nothing runs.
//!
//! Without a function: how many are machine code, how many stay bytecode and why, and each whose
//! code the check refuses. With one: its instructions, or what the check's acceptance of one of
//! them rests on. Exit codes: 0; 1 if code is refused, or the module is bad; 2 for misuse.
//! `tests/code.rs` holds outputs.

use crate::args::EngineArgs;
use crate::groups::{Optimize, Wasm};
use crate::input;
use crate::report::{Exit, Misuse, print, printable};
use clap::Args;
use prova::{Context, Result, bail};
use prova_inspect::find;
use prova_module::{FuncIdx, Module};
use prova_native::{
    Config, Layout, Line, MemoryShape, Metering, NativeCode, Target, body, certificate, listing,
    premises, survey, verdict,
};
use std::fmt::Write;
use std::path::PathBuf;

/// Compiles a module to machine code and checks it, without running anything
#[derive(Debug, Args)]
pub(crate) struct CheckCodeArgs {
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    /// The function whose code is shown: its index, export or name
    #[arg(long, value_name = "NAME|INDEX|EXPORT")]
    function: Option<String>,
    /// Says which comparisons and branches the check needs to accept the instruction at this
    /// offset of the function's code
    #[arg(long, value_name = "OFFSET", requires = "function")]
    explain: Option<String>,
    /// Writes the certificate of the function's code to a file
    #[arg(long, value_name = "FILE", requires = "function")]
    certificate: Option<PathBuf>,
    /// Threads; all processors if not given
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// The module in binary or text format (`-` for standard input)
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Runs the command.
pub(crate) fn run(args: &CheckCodeArgs) -> Result<Exit> {
    let config = config(&args.engine)?;
    let module = input::decoded(&args.file)?;
    let deterministic = deterministic(&args.engine)?;
    let Some(name) = &args.function else { return all(args, &module, (&config, deterministic)) };
    let func = find(&module, name).map_err(|error| Misuse(error.to_string()))?;
    let made = Made::new(&module, func, (&config, deterministic))?;
    if let (Some(file), Ok(certificate)) =
        (&args.certificate, certificate(&made.layout, &made.code))
    {
        std::fs::write(file, certificate)
            .with_context(|| format!("failed to write `{}`", file.display()))?;
    }
    let Some(offset) = &args.explain else {
        print(&printable(&made.text()))?;
        return Ok(if made.verdict().is_ok() { Exit::Done } else { Exit::Bad });
    };
    let digits = offset.strip_prefix("0x").unwrap_or(offset);
    let offset = match u32::from_str_radix(digits, 16) {
        Ok(offset) => offset,
        Err(_) => bail!(Misuse(format!("`--explain {offset}`: it needs a hexadecimal offset"))),
    };
    print(&printable(&made.explained(offset)?))?;
    Ok(Exit::Done)
}

/// The target of the code, by the options of `-O` and `-W`.
///
/// # Errors
/// [`Misuse`].
pub(crate) fn config(engine: &EngineArgs) -> Result<Config> {
    let (optimize, wasm) = (Optimize::parse(&engine.optimize)?, Wasm::parse(&engine.wasm)?);
    let signals = optimize.signals.unwrap_or(true);
    let explicit = optimize.explicit || !signals;
    Ok(Config {
        memory: if explicit { MemoryShape::Explicit } else { MemoryShape::GUARD },
        metering: Metering { fuel: wasm.fuel.is_some(), epoch: wasm.timeout.is_some() },
        signals,
        ..Config::default()
    })
}

/// Whether the bits of NaNs are fixed.
///
/// # Errors
/// [`Misuse`].
pub(crate) fn deterministic(engine: &EngineArgs) -> Result<bool> {
    let nan_canonicalization = Wasm::parse(&engine.wasm)?.nan_canonicalization;
    Ok(engine.deterministic || nan_canonicalization == Some(true))
}

/// Compiles and checks everything.
fn all(args: &CheckCodeArgs, module: &Module, config: (&Config, bool)) -> Result<Exit> {
    let jobs =
        args.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, Into::into));
    let found = match survey(module, config, jobs) {
        Ok(found) => found,
        Err(error) => bail!("there is no machine code of `{}`: {error}", args.file.display()),
    };
    let mut text = format!(
        "{}: {} of {} functions are machine code\n",
        args.file.display(),
        found.native,
        found.functions
    );
    if found.exceptions > 0 {
        let _ = writeln!(
            text,
            "bytecode, since they throw, catch or hold exceptions: {}",
            found.exceptions
        );
    }
    for (cause, count) in &found.caps {
        let _ = writeln!(text, "bytecode, since they exceed a limit ({cause}): {count}");
    }
    found.declined.iter().for_each(|why| {
        let _ = writeln!(text, "bytecode: {why}");
    });
    found.refused.iter().for_each(|why| {
        let _ = writeln!(text, "refused: {why}");
    });
    let _ = writeln!(
        text,
        "{} bytes of code, {} of certificates",
        found.code_bytes, found.certificate_bytes
    );
    print(&printable(&text))?;
    Ok(if found.refused.is_empty() { Exit::Done } else { Exit::Bad })
}

/// The code of a function.
pub(crate) struct Made {
    layout: Layout,
    code: NativeCode,
    pub(crate) lines: Vec<Line>,
    /// The input of Cranelift.
    pub(crate) clif: String,
}

impl Made {
    /// Compiles a function.
    ///
    /// # Errors
    /// If there is no code of it.
    pub(crate) fn new(
        module: &Module,
        func: FuncIdx,
        (config, deterministic): (&Config, bool),
    ) -> Result<Made> {
        if module.body(func).is_none() {
            bail!(Misuse(format!("{func} is an import: there is no code to show")));
        }
        let layout = Layout::derive(module.bytes(), config)?;
        let target = Target::new(config.cpu)?;
        let body = body(module, func, config.metering)?;
        let code = target.compile(module, &layout, body.body(), deterministic)?;
        let clif = target.clif(module, &layout, body.body(), deterministic)?;
        let lines = listing(&code);
        Ok(Made { layout, code, lines, clif })
    }

    /// The check's verdict.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub(crate) fn verdict(&self) -> std::result::Result<(), prova_native::Rejection> {
        verdict(&self.layout, &self.code)
    }

    /// Whether it is accepted, as a line.
    pub(crate) fn says(&self) -> String {
        match self.verdict() {
            Ok(()) => format!("{} bytes of code, accepted", self.code.bytes.len()),
            Err(rejection) => format!("refused: {rejection}"),
        }
    }

    fn text(&self) -> String {
        let mut text = format!("{}\n", self.says());
        let mut before = None;
        for line in &self.lines {
            let place = line.wasm_offset.filter(|_| line.wasm_offset != before);
            before = line.wasm_offset;
            let place = place.map_or(String::new(), |at| format!("{at:#x}"));
            let _ = writeln!(text, "{}", instruction(&place, line).trim_end());
        }
        text
    }

    fn explained(&self, offset: u32) -> Result<String> {
        let Some(line) = self.lines.iter().find(|line| line.offset == offset) else {
            bail!(Misuse(format!("there is no instruction at {offset:#x} of the code")));
        };
        let mut text = format!("{}\n", instruction("", line).trim());
        if let Some(at) = line.wasm_offset {
            let _ = writeln!(text, "of the operator at {at:#x} of the module");
        }
        if let Err(rejection) = self.verdict() {
            let _ = writeln!(text, "refused: {rejection}");
            return Ok(text);
        }
        let found = premises(&self.layout, &self.code, offset);
        if found.is_empty() {
            text.push_str("accepted, whatever comparison or branch before it is taken out\n");
        }
        for (at, rejection) in found {
            let what = self.lines.iter().find(|line| line.offset == at);
            let what = what.map_or(String::new(), |line| instruction("", line).trim().to_owned());
            let _ = writeln!(text, "needs  {what}");
            let _ = writeln!(text, "       without it: {:?}: {}", rejection.rule, rejection.what);
        }
        Ok(text)
    }
}

/// An instruction with its place in the code, behind a column.
pub(crate) fn instruction(column: &str, line: &Line) -> String {
    let trap = line.trap.map(|kind| format!("  ; may trap ({kind})")).unwrap_or_default();
    format!("{column:>8}  {:6x}  {}{trap}", line.offset, line.text)
}
