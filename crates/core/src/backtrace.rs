//! Backtraces: frames of the runtime → places in modules and, where a module has debug information,
//! in its source.
//!
//! Debug information is read when somebody asks for it, once for all frames where a backtrace is
//! printed. Names and paths are hostile text, and are printed by
//! [`printable`].

use crate::store::{AsContext, StoreContext};
use prova_demangle::{demangle, printable};
use prova_module::{FuncIdx, Module};
use prova_runtime as rt;
use prova_symbols::{Symbol, symbols};
use std::fmt;
use std::sync::OnceLock;

/// Whether backtraces tell places in the source; see [`Config::wasm_backtrace_details`].
///
/// [`Config::wasm_backtrace_details`]: crate::Config::wasm_backtrace_details
///
/// ```
/// use prova_core::*;
///
/// let mut config = Config::new();
/// config.wasm_backtrace_details(WasmBacktraceDetails::Disable);
/// Engine::new(&config)?;
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WasmBacktraceDetails {
    /// Where the module has debug information.
    #[default]
    Enable,
    /// Never.
    Disable,
    /// The same as [`WasmBacktraceDetails::Enable`]: no environment variable is read.
    Environment,
}

/// The WebAssembly frames that were active at a trap or host error, the innermost first.
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, wat::parse_str(
///     "(module $m (func $inner (unreachable)) (func (export \"f\") (call $inner)))",
/// )?)?;
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let f = instance.get_typed_func::<(), ()>(&mut store, "f")?;
/// let error = f.call(&mut store, ()).unwrap_err();
/// let backtrace: &WasmBacktrace = error.downcast_ref().expect("it trapped in code");
/// let frames: Vec<_> = backtrace.frames().iter().map(FrameInfo::func_index).collect();
/// assert_eq!(frames, [0, 1]);
/// assert_eq!(backtrace.frames()[0].func_name(), Some("inner"));
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct WasmBacktrace {
    frames: Vec<FrameInfo>,
    omitted: usize,
}

/// Longer runs of equal frames are printed as one frame and their number.
const RUN_SHOWN_MAX: usize = 3;

/// A place in the source that a frame is at; see [`FrameInfo::symbols`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameSymbol(Symbol);

impl FrameSymbol {
    /// The name of the function, as the linker knows it where debug information tells that.
    pub fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// The path of the file.
    pub fn file(&self) -> Option<&str> {
        self.0.file.as_deref()
    }

    /// The line, from 1 on.
    pub fn line(&self) -> Option<u32> {
        self.0.line
    }

    /// The column, from 1 on.
    pub fn column(&self) -> Option<u32> {
        self.0.column
    }
}

/// One frame of a [`WasmBacktrace`].
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, wat::parse_str(
///     "(module $m (func $f (export \"f\") (unreachable)))",
/// )?)?;
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let f = instance.get_typed_func::<(), ()>(&mut store, "f")?;
/// let error = f.call(&mut store, ()).unwrap_err();
/// let backtrace: &WasmBacktrace = error.downcast_ref().expect("it trapped in code");
/// let frame = &backtrace.frames()[0];
/// assert_eq!((frame.module_name(), frame.func_name(), frame.func_index()), (Some("m"), Some("f"), 0));
/// assert!(frame.module_offset().is_some() && frame.symbols().is_empty());
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct FrameInfo {
    module: Module,
    func: FuncIdx,
    offset: Option<u32>,
    /// The result of [`FrameInfo::symbols`], as soon as it was asked for.
    symbols: OnceLock<Vec<FrameSymbol>>,
}

impl WasmBacktrace {
    /// The backtrace of these frames; without `details` it tells no places in the source.
    pub(crate) fn new(frames: Vec<rt::TraceFrame>, omitted: usize, details: bool) -> WasmBacktrace {
        let frame = |rt::TraceFrame { module, func, offset, .. }| FrameInfo {
            module,
            func,
            offset,
            symbols: if details { OnceLock::new() } else { OnceLock::from(Vec::new()) },
        };
        WasmBacktrace { frames: frames.into_iter().map(frame).collect(), omitted }
    }

    /// The frames of the call whose epoch is due, in the callback of
    /// [`Store::epoch_deadline_callback`](crate::Store::epoch_deadline_callback): where it polled
    /// the epoch, or called a host function that has returned. Empty anywhere else.
    pub fn at_epoch(store: impl AsContext) -> WasmBacktrace {
        let StoreContext { rt, state } = store.as_context();
        let details = state.engine.config().backtrace_details;
        WasmBacktrace::new(rt.asked_at().to_vec(), 0, details)
    }

    /// The frames, the innermost first.
    pub fn frames(&self) -> &[FrameInfo] {
        &self.frames
    }

    /// How many older frames there were that [`WasmBacktrace::frames`] leaves out.
    pub fn frames_omitted(&self) -> usize {
        self.omitted
    }

    /// Finds the symbols of all frames, reading the debug information of each module once.
    fn resolve(&self) {
        let mut open: Vec<&FrameInfo> =
            self.frames.iter().filter(|frame| frame.symbols.get().is_none()).collect();
        while let Some(&first) = open.first() {
            let (here, others): (Vec<&FrameInfo>, _) =
                open.into_iter().partition(|frame| frame.is_of(&first.module));
            FrameInfo::find(&here);
            open = others;
        }
    }
}

impl FrameInfo {
    /// Whether both are at the same place of the same module.
    fn is_same(&self, other: &FrameInfo) -> bool {
        (self.func, self.offset) == (other.func, other.offset) && self.is_of(&other.module)
    }

    /// Whether the function is one of this module.
    pub(crate) fn is_of(&self, module: &Module) -> bool {
        std::ptr::eq(self.module.bytes(), module.bytes())
    }

    /// Finds the symbols of frames of one module.
    fn find(frames: &[&FrameInfo]) {
        let Some(first) = frames.first() else { return };
        let known = frames.iter().filter_map(|frame| Some((frame, frame.offset?)));
        let (known, offsets): (Vec<&&FrameInfo>, Vec<u32>) = known.unzip();
        for (frame, found) in known.into_iter().zip(symbols(&first.module, &offsets)) {
            frame.symbols.get_or_init(|| found.into_iter().map(FrameSymbol).collect());
        }
    }

    /// The places in the source that debug information names for the frame: of functions that were
    /// inlined, the innermost first, and the function itself last. None for a module without such
    /// information, or where [`WasmBacktraceDetails::Disable`] was asked for.
    pub fn symbols(&self) -> &[FrameSymbol] {
        if self.symbols.get().is_none() {
            FrameInfo::find(&[self]);
        }
        self.symbols.get_or_init(Vec::new)
    }

    /// Distinguishes modules for as long as they are loaded: frames of one module have the same.
    pub fn module_key(&self) -> usize {
        self.module.bytes().as_ptr().addr()
    }

    /// The index of the function in its module.
    pub fn func_index(&self) -> u32 {
        self.func.0
    }

    /// The function's name in the name section, as it stands there; where it has none, the name of
    /// its first export.
    pub fn func_name(&self) -> Option<&str> {
        self.module.func_name_or_export(self.func)
    }

    /// The module's name in the name section.
    pub fn module_name(&self) -> Option<&str> {
        self.module.names().module()
    }

    /// The offset of the current operator in the module, in bytes.
    pub fn module_offset(&self) -> Option<usize> {
        self.offset.map(|offset| offset as usize)
    }

    /// The offset of the current operator from the start of the function's body, in bytes.
    pub fn func_offset(&self) -> Option<usize> {
        let body = self.module.body(self.func)?;
        self.module_offset()?.checked_sub(body.range().start)
    }

    /// The function's name as a reader wants it.
    fn write_name(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.func_name() {
            Some(name) => write!(f, "{}", printable(&demangle(name))),
            None => write!(f, "<wasm function {}>", self.func.0),
        }
    }
}

/// How far lines below a frame are indented.
const INDENT: usize = 17;

impl fmt::Display for FrameInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(offset) = self.offset {
            write!(f, "{offset:#8x} - ")?;
        }
        let symbols = self.symbols();
        if symbols.is_empty() {
            write!(f, "{}!", printable(self.module_name().unwrap_or("<unknown>")))?;
            return self.write_name(f);
        }
        for (i, symbol) in symbols.iter().enumerate() {
            if i > 0 {
                write!(f, "\n{:>INDENT$} ", "-")?;
            }
            match symbol.name() {
                Some(name) => write!(f, "{}", printable(&demangle(name)))?,
                None if i + 1 == symbols.len() => self.write_name(f)?,
                None => write!(f, "<inlined function>")?,
            }
            let Some(file) = symbol.file() else { continue };
            write!(f, "\n{:INDENT$}   at {}", "", printable(file))?;
            for number in [symbol.line(), symbol.line().and(symbol.column())].into_iter().flatten()
            {
                write!(f, ":{number}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for WasmBacktrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.resolve();
        f.write_str("error while executing at wasm backtrace:")?;
        let mut i = 0;
        while let Some(frame) = self.frames.get(i) {
            let run = self.frames[i..].iter().take_while(|other| other.is_same(frame)).count();
            let shown = if run > RUN_SHOWN_MAX { 1 } else { run };
            for number in i..i + shown {
                write!(f, "\n  {number:>3}: {frame}")?;
            }
            if run > shown {
                write!(f, "\n       ... the same {} times more", run - shown)?;
            }
            i += run;
        }
        if self.omitted > 0 {
            write!(f, "\n  ... {} more", self.omitted)?;
        }
        Ok(())
    }
}
