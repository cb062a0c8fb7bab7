//! Why execution stopped: kind, memory fault, backtrace, and the host's own error.
//!
//! The kinds are those of the specification (*trap*) and of the embedding (fuel, epoch, host). The
//! wording is Wasmtime's, which contains the specification suite's.
//!
//! Limits: a backtrace holds at most [`Trap::FRAMES_MAX`] frames, the newest;
//! [`Trap::frames_omitted`] counts the rest.

use crate::host::Exception;
use crate::value::InstanceAddr;
use prova_module::{FuncIdx, Module};
use prova_num::NumError;
use std::error::Error;
use std::fmt;

/// The reason of a trap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TrapKind {
    /// `unreachable` was executed.
    Unreachable,
    /// Integer division or remainder by zero.
    IntegerDivisionByZero,
    /// The result of a signed division or of a truncation does not fit.
    IntegerOverflow,
    /// Truncation of a NaN.
    BadConversionToInteger,
    /// An access outside a linear memory, or outside a data segment.
    MemoryOutOfBounds,
    /// An access outside a table, or outside an element segment.
    TableOutOfBounds,
    /// An indirect call through an index outside the table.
    UndefinedElement,
    /// An indirect call through a null element.
    UninitializedElement,
    /// An indirect call to a function of another type.
    IndirectCallTypeMismatch,
    /// The logical stack limit, or the limit of nested host calls, is reached.
    StackOverflow,
    /// Less fuel is left than the next segment or bulk operation costs.
    OutOfFuel,
    /// The epoch deadline has passed.
    Interrupt,
    /// An atomic access whose address is no multiple of its size.
    HeapMisaligned,
    /// `memory.atomic.wait` on a memory that is not shared.
    ExpectedSharedMemory,
    /// A null reference where a value is needed.
    NullReference,
    /// A reference is not of the type that a cast asks for.
    CastFailure,
    /// An access outside an array.
    ArrayOutOfBounds,
    /// An object is larger than any heap.
    AllocationTooLarge,
    /// An object has no room: the store's budget or the heap is used up.
    HeapFull,
    /// An exception that no frame catches between its throw and the host.
    UncaughtException,
    /// More exceptions are referred to than a store keeps.
    TooManyExceptions,
    /// A memory or table could not grow, and the store traps where this happens.
    GrowthFailed,
    /// A host function failed; its error is in [`Trap::host`].
    Host,
    /// A host function asked to be suspended where this is not possible.
    Suspended,
    /// The host passed cells that do not fit the types (message in [`Trap::host`]).
    Misuse,
    /// A function's bytecode was refused: a fault of ours (message in [`Trap::host`]).
    Attach,
    /// An inner contradiction: a fault of ours (message in [`Trap::host`]).
    Bug,
}

impl TrapKind {
    /// Whether the fault is Prova's own: report it.
    pub fn is_bug(self) -> bool {
        matches!(self, TrapKind::Attach | TrapKind::Bug)
    }
}

impl From<NumError> for TrapKind {
    #[inline]
    fn from(error: NumError) -> TrapKind {
        match error {
            NumError::DivisionByZero => TrapKind::IntegerDivisionByZero,
            NumError::IntegerOverflow => TrapKind::IntegerOverflow,
            NumError::InvalidConversionToInteger => TrapKind::BadConversionToInteger,
        }
    }
}

impl fmt::Display for TrapKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TrapKind::Unreachable => "wasm `unreachable` instruction executed",
            TrapKind::IntegerDivisionByZero => "integer divide by zero",
            TrapKind::IntegerOverflow => "integer overflow",
            TrapKind::BadConversionToInteger => "invalid conversion to integer",
            TrapKind::MemoryOutOfBounds => "out of bounds memory access",
            TrapKind::TableOutOfBounds | TrapKind::UndefinedElement => {
                "undefined element: out of bounds table access"
            }
            TrapKind::UninitializedElement => "uninitialized element",
            TrapKind::IndirectCallTypeMismatch => "indirect call type mismatch",
            TrapKind::StackOverflow => "call stack exhausted",
            TrapKind::OutOfFuel => "all fuel consumed by WebAssembly",
            TrapKind::Interrupt => "interrupt",
            TrapKind::HeapMisaligned => "unaligned atomic",
            TrapKind::ExpectedSharedMemory => "atomic wait on non-shared memory",
            TrapKind::NullReference => "null reference",
            TrapKind::CastFailure => "cast failure",
            TrapKind::ArrayOutOfBounds => "out of bounds array access",
            TrapKind::AllocationTooLarge => "allocation size too large",
            TrapKind::HeapFull => "GC heap out of memory",
            TrapKind::UncaughtException => "unhandled exception",
            TrapKind::TooManyExceptions => "too many exceptions",
            TrapKind::GrowthFailed => "memory or table growth failed",
            TrapKind::Host => "host function failed",
            TrapKind::Suspended => "host function suspended where nothing can resume it",
            TrapKind::Misuse => "values of the host do not fit their types",
            TrapKind::Attach => "bug in Prova: bytecode refused",
            TrapKind::Bug => "bug in Prova",
        })
    }
}

/// Where a load or store missed its memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryFault {
    /// The effective address: operand plus offset, saturated.
    pub address: u64,
    /// The memory's size in bytes.
    pub size_bytes: u64,
}

impl fmt::Display for MemoryFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let MemoryFault { address, size_bytes } = self;
        write!(
            f,
            "memory fault at wasm address 0x{address:x} in linear memory of size 0x{size_bytes:x}"
        )
    }
}

/// One activation of a Wasm function at the time of a trap.
#[derive(Clone, Debug)]
pub struct TraceFrame {
    /// The instance.
    pub instance: InstanceAddr,
    /// Its module.
    pub module: Module,
    /// The function.
    pub func: FuncIdx,
    /// Module offset of the operator that trapped or called, where it is known.
    pub offset: Option<u32>,
}

impl TraceFrame {
    /// The module's name, or `<unknown>`.
    pub fn module_name(&self) -> &str {
        self.module.names().module().unwrap_or("<unknown>")
    }

    /// The function's name in the name section, undemangled.
    pub fn func_name(&self) -> Option<&str> {
        self.module.func_name(self.func)
    }
}

impl fmt::Display for TraceFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(offset) = self.offset {
            write!(f, "{offset:#8x} - ")?;
        }
        write!(f, "{}!", self.module_name())?;
        match self.func_name() {
            Some(name) => f.write_str(name),
            None => write!(f, "<wasm function {}>", self.func.0),
        }
    }
}

/// A trap: the end of a call without results.
#[derive(Debug)]
pub struct Trap {
    /// The reason.
    pub kind: TrapKind,
    /// For a load or store out of bounds: where.
    pub fault: Option<MemoryFault>,
    /// The Wasm functions that were active, the innermost first.
    pub backtrace: Vec<TraceFrame>,
    /// Older frames that the backtrace leaves out.
    pub frames_omitted: usize,
    /// The exception that nothing caught, for [`TrapKind::UncaughtException`] and for what a host
    /// function threw. Boxed, since traps travel as values.
    pub exception: Option<Box<Exception>>,
    /// The error of a host function, or the message of kinds that have one.
    pub host: Option<Box<dyn Error + Send + Sync>>,
}

impl Trap {
    /// The greatest number of frames in a backtrace.
    pub const FRAMES_MAX: usize = 128;

    /// A trap of this kind without backtrace.
    pub fn new(kind: TrapKind) -> Trap {
        Trap {
            kind,
            fault: None,
            backtrace: Vec::new(),
            frames_omitted: 0,
            exception: None,
            host: None,
        }
    }

    /// The trap of an exception that nothing catches before the host.
    pub fn uncaught(exception: Exception) -> Trap {
        Trap { exception: Some(Box::new(exception)), ..Trap::new(TrapKind::UncaughtException) }
    }

    /// The trap of a host function that failed with `error`.
    pub fn host(error: impl Into<Box<dyn Error + Send + Sync>>) -> Trap {
        Trap::with_message(TrapKind::Host, error)
    }

    /// A trap of kind [`TrapKind::Bug`].
    pub fn bug(message: impl Into<Box<dyn Error + Send + Sync>>) -> Trap {
        Trap::with_message(TrapKind::Bug, message)
    }

    /// A trap of a kind that carries an error or a message.
    pub fn with_message(kind: TrapKind, message: impl Into<Box<dyn Error + Send + Sync>>) -> Trap {
        Trap { host: Some(message.into()), ..Trap::new(kind) }
    }

    /// The same trap with the place of a memory fault.
    #[must_use]
    pub fn with_fault(self, fault: MemoryFault) -> Trap {
        Trap { fault: Some(fault), ..self }
    }

    /// Adds the next older frame; beyond [`Trap::FRAMES_MAX`] it is only counted.
    pub fn push_frame(&mut self, frame: TraceFrame) {
        if self.backtrace.len() < Trap::FRAMES_MAX {
            self.backtrace.push(frame);
        } else {
            self.frames_omitted += 1;
        }
    }

    /// The host's error, if it is an `E`.
    pub fn downcast_ref<E: Error + 'static>(&self) -> Option<&E> {
        self.host.as_ref()?.downcast_ref()
    }

    /// The backtrace alone, in Wasmtime's layout: a heading, then one line per frame; empty if
    /// there is no frame.
    pub fn display_backtrace(&self) -> impl fmt::Display + '_ {
        Backtrace(self)
    }

    /// The last line: `wasm trap: …`, or the host's own error.
    pub fn display_reason(&self) -> impl fmt::Display + '_ {
        Reason(self)
    }
}

impl From<TrapKind> for Trap {
    fn from(kind: TrapKind) -> Trap {
        Trap::new(kind)
    }
}

struct Backtrace<'t>(&'t Trap);

impl fmt::Display for Backtrace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Trap { backtrace, frames_omitted, .. } = self.0;
        if backtrace.is_empty() {
            return Ok(());
        }
        writeln!(f, "error while executing at wasm backtrace:")?;
        for (i, frame) in backtrace.iter().enumerate() {
            writeln!(f, "  {i:>3}: {frame}")?;
        }
        if *frames_omitted > 0 {
            writeln!(f, "  ... {frames_omitted} more")?;
        }
        Ok(())
    }
}

struct Reason<'t>(&'t Trap);

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Trap { kind, host, .. } = self.0;
        match (kind, host) {
            (TrapKind::Host, Some(error)) => write!(f, "{error}"),
            (TrapKind::Misuse | TrapKind::Attach | TrapKind::Bug, Some(message)) => {
                write!(f, "{kind}: {message}")
            }
            _ => write!(f, "wasm trap: {kind}"),
        }
    }
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.display_backtrace())?;
        if let Some(fault) = self.fault {
            writeln!(f, "{fault}")?;
        }
        write!(f, "{}", self.display_reason())
    }
}

impl Error for Trap {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.host.as_deref().map(|error| error as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests;
