//! A prepared module in another engine → how it ran there.
//!
//! ```text
//! Prepared + Watch ─ standalone ─► module ─ ForeignEngine::run ─► lines ─► Watch ─► Ran
//! ```
//!
//! `standalone` makes the module; the command line starts processes.
//!
//! 1. The output of an engine is untrusted: a line is read only if it has its form, each event must
//!    be the one that the watch waits for, and no list grows beyond its requested length.
//! 2. The last event of a run that trapped is known only if it was one of the wanted events:
//!    [`Ran::exact`] says so.
//!
//! Limits: engines word their traps differently ([`TRAPS`]); NaN bits are what the engine makes.

use super::run::{Arguments, End, Prepared, Ran, Value, keep};
use super::standalone::{LINE_BYTES, Line, Wish, read, standalone};
use super::watch::{Event, Next, Watch};
use super::{OtherCall, Record, replay};
use prova_builds::names::printable;
use prova_core::{Error, FuncType, Result, V128, Val, ValType, bail};
use std::fmt;
use wasm_encoder::{
    CodeSection, ExportKind, ExportSection, Function, FunctionSection, MemorySection, MemoryType,
    TypeSection,
};

/// Most bytes of a line of an engine; longer ones are none of ours.
pub const ENGINE_LINE_BYTES_MAX: usize = 4096;
/// Most values of a state.
const VALUES_MAX: usize = 100_000;

/// An engine that is not ours.
pub trait ForeignEngine: fmt::Debug {
    /// Runs `_start` of a module of WASI preview 1, which imports `fd_write` and `proc_exit`. Each
    /// line that it prints is handed to `line`, without its end, until that returns false: then
    /// the run may be ended. If the engine fails it is what it says, and `None` if it does not.
    ///
    /// # Errors
    /// If the engine cannot be started or does not end.
    fn run(&self, wasm: &[u8], line: &mut dyn FnMut(&[u8]) -> bool) -> Result<Option<String>>;
}

/// The state of a run in another engine, from the lines that it has printed.
struct Told<'t> {
    record: &'t Record,
    imports: &'t [(String, String)],
    results: Vec<ValType>,
    watch: Watch,
    /// The next event that is wanted.
    next: u64,
    values: Vec<u64>,
    /// A call of another function than the recorded one, whose arguments come next.
    other: Option<[u64; 5]>,
    state: Vec<Value>,
    end: Option<End>,
    /// Count and hash at the end.
    last: Option<(u64, u64)>,
    calls: u64,
    memory: Option<u64>,
    /// The first fault in the lines.
    broken: Option<String>,
}

/// The module that runs there, for a person who starts it.
///
/// # Errors
/// If it cannot stand alone, or the export or its arguments do not fit.
pub(super) fn emit(prepared: &Prepared, watch: &Watch, args: Arguments<'_>) -> Result<Vec<u8>> {
    let (values, _) = arguments(prepared, args)?;
    let (record, imports) = prepared.recorded();
    let wish = Wish { record, imports, watch, values: &values };
    standalone(prepared.running(), &wish).map_err(Error::msg)
}

/// Whether an engine runs a module that does nothing.
///
/// # Errors
/// If it does not, with what it says: then nothing that it does is the program's fault.
pub(crate) fn probe(engine: &dyn ForeignEngine) -> Result<()> {
    let mut module = wasm_encoder::Module::new();
    let (mut types, mut functions) = (TypeSection::new(), FunctionSection::new());
    let (mut memories, mut exports) = (MemorySection::new(), ExportSection::new());
    types.ty().function([], []);
    functions.function(0);
    let (minimum, maximum) = (1, None);
    let (memory64, shared, page_size_log2) = (false, false, None);
    memories.memory(MemoryType { minimum, maximum, memory64, shared, page_size_log2 });
    exports.export("_start", ExportKind::Func, 0).export("memory", ExportKind::Memory, 0);
    let (mut code, mut body) = (CodeSection::new(), Function::new([]));
    body.instructions().end();
    code.function(&body);
    module.section(&types).section(&functions).section(&memories).section(&exports);
    module.section(&code);
    match engine.run(&module.finish(), &mut |_| true)? {
        None => Ok(()),
        Some(why) => bail!("it does not run a module that does nothing: {}", printable(&why)),
    }
}

/// Runs a prepared module in an engine.
///
/// # Errors
/// As [`emit`], those of the engine, and if it does not do what the module asks.
pub(crate) fn run(
    prepared: &Prepared,
    engine: &dyn ForeignEngine,
    watch: Watch,
    args: Arguments<'_>,
) -> Result<Ran> {
    let wasm = emit(prepared, &watch, args)?;
    let (_, results) = arguments(prepared, args)?;
    let (record, imports) = prepared.recorded();
    let mut told = Told {
        record,
        imports,
        results,
        watch,
        next: 1,
        values: Vec::new(),
        other: None,
        state: Vec::new(),
        end: None,
        last: None,
        calls: 0,
        memory: None,
        broken: None,
    };
    let failed = engine.run(&wasm, &mut |line| match read(line) {
        Some(line) => told.line(line),
        None => true,
    })?;
    told.ran(failed)
}

/// The arguments and the types of the results of the export.
fn arguments(prepared: &Prepared, args: Arguments<'_>) -> Result<(Vec<Val>, Vec<ValType>)> {
    let (record, _) = prepared.recorded();
    let name = record.export().unwrap_or("_start");
    let Some(ty) = prepared.func_type(name) else {
        if record.export().is_none() {
            return Ok((Vec::new(), Vec::new()));
        }
        bail!("the module exports no function `{}`", printable(name));
    };
    let values = args(name, &ty, record.args())?;
    let reference = |val: &Val| {
        matches!(
            val,
            Val::FuncRef(Some(_))
                | Val::ExternRef(Some(_))
                | Val::ExnRef(Some(_))
                | Val::AnyRef(Some(_))
        )
    };
    if values.iter().any(reference) {
        bail!("an argument of `{}` is a reference, which no file can hold", printable(name));
    }
    let results = FuncType::results(&ty).collect();
    Ok((values, results))
}

impl Told<'_> {
    /// Takes a line; whether more are wanted.
    fn line(&mut self, Line { kind, words }: Line) -> bool {
        let [a, b, c, d, e] = words;
        match i32::from(kind) {
            Line::EVENT => return self.event(a, b, [c, d], e),
            Line::STATE if self.state.len() < VALUES_MAX => {
                let value = Value { of_stack: a == 1, index: b as u32, low: c, high: d };
                keep(&mut self.state, value);
            }
            Line::VALUE if self.values.len() < VALUES_MAX => self.values.push(a),
            Line::OTHER => {
                self.other = Some(words);
                self.calls = a;
            }
            Line::RETURNED => {
                self.end = Some(End::Returned(texts(&self.results, &self.values)));
                (self.last, self.calls) = (Some((a, b)), d);
                self.memory = (e == 1).then_some(c);
            }
            Line::EXITED => {
                self.end = Some(End::Exited(c as u32 as i32));
                (self.last, self.calls) = (Some((a, b)), d);
            }
            Line::STOPPED => {
                let text = match c {
                    0 => self.stopped_text(d),
                    _ => replay::TOO_FEW.to_owned(),
                };
                self.end = Some(End::Trapped(text, None));
                (self.last, self.calls) = (Some((a, b)), d);
            }
            _ => self.broken = Some("it prints a line that no run has".to_owned()),
        }
        self.end.is_none() && self.broken.is_none()
    }

    fn event(&mut self, number: u64, site: u64, [a, b]: [u64; 2], hash: u64) -> bool {
        if number != self.next {
            let next = self.next;
            self.broken = Some(format!("it tells event {number}, but {next} was asked for"));
            return false;
        }
        match self.watch.reached(Event { number, site: site as u32, a, b, hash }) {
            Next::At(next) => self.next = next,
            Next::Stop => self.end = Some(End::Stopped),
        }
        self.end.is_none()
    }

    /// Why the recorded host stopped the program.
    fn stopped_text(&self, number: u64) -> String {
        let at = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
        match self.record.iter().nth(at).map(|call| call.answer) {
            Some(super::Answer::Stopped(reason)) => {
                printable(printable(&reason).lines().next().unwrap_or_default())
            }
            _ => replay::TOO_FEW.to_owned(),
        }
    }

    /// The result of the run.
    fn ran(mut self, failed: Option<String>) -> Result<Ran> {
        if let Some(broken) = self.broken {
            bail!("the engine does not do what the module says: {broken}");
        }
        if let Some([calls, import, count, ..]) = self.other {
            if self.values.len() as u64 != count {
                bail!("the engine stopped amid a line; it says: {}", failed.unwrap_or_default());
            }
            let name = self.imports.get(import as usize);
            let name = name.map_or(("", ""), |(module, name)| (module.as_str(), name.as_str()));
            let at = usize::try_from(calls).unwrap_or(usize::MAX);
            let recorded = self.record.iter().nth(at);
            let recorded = recorded.map(|call| replay::call_shown(self.imports, &call));
            let asked = replay::shown(name, &self.values);
            self.end = Some(End::OtherCall(OtherCall { number: calls + 1, asked, recorded }));
        }
        let exact = matches!(self.end, Some(End::Stopped)) || self.last.is_some();
        let end = match (self.end, failed) {
            (Some(end), _) => end,
            (None, Some(message)) => End::Trapped(trap(&message), None),
            (None, None) => bail!(
                "the engine ended without an error, but the module did not: does the command run `_start` of the file `{{}}`?"
            ),
        };
        let (count, hash) = self.last.unwrap_or(self.watch.seen);
        let (watch, state, calls, memory) = (self.watch, self.state, self.calls, self.memory);
        let (frames, results) = (Vec::new(), None);
        Ok(Ran { end, count, hash, watch, state, frames, calls, memory, results, exact })
    }
}

/// Results as they are printed.
fn texts(types: &[ValType], cells: &[u64]) -> Vec<String> {
    let mut cells = cells.iter().copied();
    let mut next = || cells.next().unwrap_or_default();
    let text = |ty: &ValType| match ty {
        ValType::I32 => Val::I32(next() as u32 as i32).to_string(),
        ValType::I64 => Val::I64(next() as i64).to_string(),
        ValType::F32 => Val::F32(next() as u32).to_string(),
        ValType::F64 => Val::F64(next()).to_string(),
        ValType::V128 => {
            let low = u128::from(next());
            Val::V128(V128::from(low | u128::from(next()) << 64)).to_string()
        }
        ValType::Ref(_) => match (next(), Val::default_for_ty(ty)) {
            (0, Some(null)) => null.to_string(),
            (_, Some(null)) => null.to_string().replace("null ", ""),
            (_, None) => "<reference>".to_owned(),
        },
    };
    types.iter().map(text).collect()
}

/// Words of engines for a trap, in small letters, and this engine's words for it. The first that is
/// found counts.
const TRAPS: &[(&str, &str)] = &[
    ("unreachable", "wasm `unreachable` instruction executed"),
    ("divide by zero", "integer divide by zero"),
    ("division by zero", "integer divide by zero"),
    ("remainder by zero", "integer divide by zero"),
    ("invalid conversion", "invalid conversion to integer"),
    ("integer overflow", "integer overflow"),
    ("out of bounds memory", "out of bounds memory access"),
    ("out-of-bounds memory", "out of bounds memory access"),
    ("memory out of bounds", "out of bounds memory access"),
    ("memory access out of bounds", "out of bounds memory access"),
    ("undefined element", "undefined element: out of bounds table access"),
    ("table access out of bounds", "undefined element: out of bounds table access"),
    ("out of bounds table", "undefined element: out of bounds table access"),
    ("uninitialized element", "uninitialized element"),
    ("null function", "uninitialized element"),
    ("type mismatch", "indirect call type mismatch"),
    ("signature", "indirect call type mismatch"),
    ("call stack exhausted", "call stack exhausted"),
    ("stack overflow", "call stack exhausted"),
    ("stack size exceeded", "call stack exhausted"),
    ("fuel", "all fuel consumed by WebAssembly"),
    ("null reference", "null reference"),
    ("exception", "unhandled exception"),
];

/// A trap by its message: as this engine says it, if it is known.
fn trap(message: &str) -> String {
    let small = message.to_lowercase();
    match TRAPS.iter().find(|(said, _)| small.contains(said)) {
        Some((_, ours)) => format!("wasm trap: {ours}"),
        None => {
            let last = message.lines().rev().find(|line| !line.trim().is_empty());
            printable(last.unwrap_or("it ended with an error").trim())
        }
    }
}

const _: () = assert!(LINE_BYTES < ENGINE_LINE_BYTES_MAX);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traps_are_told_apart_in_the_words_of_others() {
        for (said, ours) in [
            (
                "Error: failed to execute\n\nCaused by:\n  1: wasm trap: integer divide by zero",
                "wasm trap: integer divide by zero",
            ),
            ("RuntimeError: memory access out of bounds", "wasm trap: out of bounds memory access"),
            (
                "wasm `unreachable` instruction executed",
                "wasm trap: wasm `unreachable` instruction executed",
            ),
            (
                "Error: [trap] indirect call signature mismatch",
                "wasm trap: indirect call type mismatch",
            ),
            ("it fell\n\n", "it fell"),
            ("", "it ended with an error"),
        ] {
            assert_eq!(trap(said), ours);
        }
    }
}
