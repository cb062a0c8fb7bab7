//! Traps: what the runtime reports → errors that embedders take apart.
//!
//! The error of a trap is a chain, outermost first: [`WasmBacktrace`], [`MemoryFault`] or
//! [`ThrownException`] where there is one, [`Trap`]. The error of a host function keeps its own
//! chain and type, with the backtrace around it. A bug met at a first call comes out as itself.

use crate::backtrace::WasmBacktrace;
use crate::error::{Bug, Error, Misuse, Rejection};
use crate::exception::ThrownException;
use crate::pipeline::AttachFailure;
use crate::store::StoreId;
use prova_runtime as rt;
use rt::TrapKind;
use std::fmt;

/// Why a program was stopped.
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, wat::parse_str(
///     r#"(module (func (export "div") (param i32) (result i32)
///         (i32.div_s (i32.const 1) (local.get 0))))"#,
/// )?)?;
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let div = instance.get_typed_func::<i32, i32>(&mut store, "div")?;
/// assert_eq!(div.call(&mut store, 1)?, 1);
/// let error = div.call(&mut store, 0).unwrap_err();
/// assert_eq!(error.downcast_ref(), Some(&Trap::IntegerDivisionByZero));
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trap {
    /// The logical stack limit is exhausted.
    StackOverflow,
    /// A memory access outside the memory.
    MemoryOutOfBounds,
    /// An atomic access that is not aligned.
    HeapMisaligned,
    /// A table access outside the table.
    TableOutOfBounds,
    /// An indirect call through a null element.
    IndirectCallToNull,
    /// An indirect call to a function of another type.
    BadSignature,
    /// An integer result that does not fit.
    IntegerOverflow,
    /// Integer division by zero.
    IntegerDivisionByZero,
    /// Conversion of a NaN or of a float out of range to an integer.
    BadConversionToInteger,
    /// `unreachable` was executed.
    UnreachableCodeReached,
    /// The epoch reached the store's deadline, or a wall-clock deadline passed.
    Interrupt,
    /// The fuel is used up.
    OutOfFuel,
    /// An atomic wait on a memory that is not shared.
    AtomicWaitNonSharedMemory,
    /// A null reference where a value is needed.
    NullReference,
    /// A reference is not of the type that a cast asks for.
    CastFailure,
    /// An access outside an array.
    ArrayOutOfBounds,
    /// A structure or array is larger than any heap.
    AllocationTooLarge,
    /// A structure or array has no room within the store's limits.
    GcHeapOutOfMemory,
    /// An exception that nothing catches before the host.
    UncaughtException,
    /// More exceptions are referred to than a store keeps.
    TooManyExceptions,
    /// Growth of a memory or table beyond the store's limit, where the store traps on it.
    GrowthLimit,
    /// A host function stopped the program for a reason that stands beside this in the chain.
    Aborted,
}

impl Trap {
    /// The trap that a row of machine code's trap map has this number for
    /// (`docs/certificate.md`); `None` for a place that nothing reaches.
    ///
    /// ```
    /// assert_eq!(prova_core::Trap::of_code(2), Some(prova_core::Trap::IntegerDivisionByZero));
    /// assert_eq!(prova_core::Trap::of_code(0), None);
    /// ```
    pub fn of_code(number: u8) -> Option<Trap> {
        root_of_kind(TrapKind::of_code(number)?).downcast().ok()
    }
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wasm trap: ")?;
        f.write_str(match self {
            Trap::StackOverflow => "call stack exhausted",
            Trap::MemoryOutOfBounds => "out of bounds memory access",
            Trap::HeapMisaligned => "unaligned atomic",
            Trap::TableOutOfBounds => "undefined element: out of bounds table access",
            Trap::IndirectCallToNull => "uninitialized element",
            Trap::BadSignature => "indirect call type mismatch",
            Trap::IntegerOverflow => "integer overflow",
            Trap::IntegerDivisionByZero => "integer divide by zero",
            Trap::BadConversionToInteger => "invalid conversion to integer",
            Trap::UnreachableCodeReached => "wasm `unreachable` instruction executed",
            Trap::Interrupt => "interrupt",
            Trap::OutOfFuel => "all fuel consumed by WebAssembly",
            Trap::AtomicWaitNonSharedMemory => "atomic wait on non-shared memory",
            Trap::NullReference => "null reference",
            Trap::CastFailure => "cast failure",
            Trap::ArrayOutOfBounds => "out of bounds array access",
            Trap::AllocationTooLarge => "allocation size too large",
            Trap::GcHeapOutOfMemory => "GC heap out of memory",
            Trap::UncaughtException => "unhandled exception",
            Trap::TooManyExceptions => "too many exceptions",
            Trap::GrowthLimit => "memory or table growth failed",
            Trap::Aborted => "aborted by the host",
        })
    }
}

impl std::error::Error for Trap {}

/// The address of a memory access that trapped.
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, wat::parse_str(
///     r#"(module (memory 1) (func (export "f") (drop (i32.load (i32.const 65533)))))"#,
/// )?)?;
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let error = instance.get_typed_func::<(), ()>(&mut store, "f")?.call(&mut store, ()).unwrap_err();
/// let fault: &MemoryFault = error.downcast_ref().expect("it is outside of the memory");
/// assert_eq!((fault.address(), fault.memory_size_bytes()), (65533, 65536));
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryFault {
    address: u64,
    size_bytes: u64,
}

impl MemoryFault {
    /// The first address that the access would have touched.
    pub fn address(&self) -> u64 {
        self.address
    }

    /// The size of the memory at that time, in bytes.
    pub fn memory_size_bytes(&self) -> u64 {
        self.size_bytes
    }
}

impl fmt::Display for MemoryFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let MemoryFault { address, size_bytes } = self;
        write!(
            f,
            "memory fault at wasm address {address:#x} in linear memory of size {size_bytes:#x}"
        )
    }
}

/// An error of a host function on its way through the runtime.
#[derive(Debug)]
struct HostError(Error);

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl std::error::Error for HostError {}

/// The trap that stops a program whose host function failed.
pub(crate) fn trap_of_host(error: Error) -> Box<rt::Trap> {
    Box::new(rt::Trap::host(HostError(error)))
}

/// The error of a trap.
///
/// With `details`, its backtrace tells places in the source.
pub(crate) fn error_of_trap(
    trap: rt::Trap,
    rt: &rt::Store,
    store: StoreId,
    details: bool,
) -> Error {
    let thrown = trap.exception.as_deref();
    let thrown = thrown.map(|exception| ThrownException::of_rt(exception, rt, store));
    error_of(trap, thrown, details)
}

/// The error of a trap that may carry an exception.
fn error_of(trap: rt::Trap, thrown: Option<ThrownException>, details: bool) -> Error {
    let (kind, fault, omitted) = (trap.kind, trap.fault, trap.frames_omitted);
    let backtrace = WasmBacktrace::new(trap.backtrace, omitted, details);
    let error = match trap.host {
        Some(source) => with_values(root_of_host(source, kind), thrown),
        None => thrown.map_or_else(|| root_of_kind(kind), Error::from),
    };
    let error = match fault {
        Some(fault) => {
            error.context(MemoryFault { address: fault.address, size_bytes: fault.size_bytes })
        }
        None => error,
    };
    // An error that comes through several activations keeps the backtrace of the innermost.
    if backtrace.frames().is_empty() || error.is::<WasmBacktrace>() {
        error
    } else {
        error.context(backtrace)
    }
}

/// The error of a host function that threw an exception, with values that the host holds in the
/// scope in which it gets the error.
fn with_values(mut error: Error, thrown: Option<ThrownException>) -> Error {
    if let Some(thrown) = thrown
        && let Some(of) = error.downcast_mut::<ThrownException>()
    {
        *of = thrown;
    }
    error
}

/// The error that a host function or the pipeline reported.
fn root_of_host(source: Box<dyn std::error::Error + Send + Sync>, kind: TrapKind) -> Error {
    let source = match source.downcast::<HostError>() {
        Ok(host) => return host.0,
        Err(source) => source,
    };
    let source = match source.downcast::<rt::NoTrap>() {
        Ok(stop) => return Error::new(Rejection(stop.to_string())),
        Err(source) => source,
    };
    match source.downcast::<AttachFailure>() {
        Ok(failure) => failure.into_error(),
        Err(source) if kind.is_bug() => Error::new(Bug::new(source.to_string())),
        Err(source) if kind == TrapKind::Misuse => Error::new(Misuse(source.to_string())),
        Err(source) => Error::from_boxed(source),
    }
}

/// The error of a kind that has no message.
fn root_of_kind(kind: TrapKind) -> Error {
    let code = match kind {
        TrapKind::Unreachable => Trap::UnreachableCodeReached,
        TrapKind::IntegerDivisionByZero => Trap::IntegerDivisionByZero,
        TrapKind::IntegerOverflow => Trap::IntegerOverflow,
        TrapKind::BadConversionToInteger => Trap::BadConversionToInteger,
        TrapKind::MemoryOutOfBounds => Trap::MemoryOutOfBounds,
        TrapKind::TableOutOfBounds | TrapKind::UndefinedElement => Trap::TableOutOfBounds,
        TrapKind::UninitializedElement => Trap::IndirectCallToNull,
        TrapKind::IndirectCallTypeMismatch => Trap::BadSignature,
        TrapKind::StackOverflow => Trap::StackOverflow,
        TrapKind::OutOfFuel => Trap::OutOfFuel,
        TrapKind::Interrupt => Trap::Interrupt,
        TrapKind::HeapMisaligned => Trap::HeapMisaligned,
        TrapKind::ExpectedSharedMemory => Trap::AtomicWaitNonSharedMemory,
        TrapKind::NullReference => Trap::NullReference,
        TrapKind::CastFailure => Trap::CastFailure,
        TrapKind::ArrayOutOfBounds => Trap::ArrayOutOfBounds,
        TrapKind::AllocationTooLarge => Trap::AllocationTooLarge,
        TrapKind::HeapFull => Trap::GcHeapOutOfMemory,
        TrapKind::UncaughtException => Trap::UncaughtException,
        TrapKind::TooManyExceptions => Trap::TooManyExceptions,
        TrapKind::GrowthFailed => Trap::GrowthLimit,
        TrapKind::Misuse => return Error::new(Misuse(kind.to_string())),
        TrapKind::Host | TrapKind::Suspended | TrapKind::Attach | TrapKind::Bug => {
            return Error::new(Bug::new(format!("the runtime reported `{kind}` without a cause")));
        }
    };
    Error::new(code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{CheckError, ErrorKind};
    use prova_bytecode::Rule;
    use prova_bytecode::check::Reason;
    use prova_module::FuncIdx;

    fn kind_of(trap: rt::Trap) -> Option<ErrorKind> {
        ErrorKind::of(&error_of(trap, None, true))
    }

    #[test]
    fn kinds_do_not_mix() {
        let error = CheckError {
            func: FuncIdx(3),
            word: 1,
            offset: Some(0x2a),
            rule: Rule::Slots,
            what: Reason::Text("s9 in a frame of 2".into()),
        };
        let refused = || AttachFailure::Refused(error.clone());
        let attach = |failure: AttachFailure| rt::Trap::with_message(TrapKind::Attach, failure);
        assert_eq!(kind_of(attach(refused())), Some(ErrorKind::Bug));
        assert_eq!(kind_of(attach(AttachFailure::Bug("x".into()))), Some(ErrorKind::Bug));
        assert_eq!(kind_of(rt::Trap::with_message(TrapKind::Attach, "x")), Some(ErrorKind::Bug));
        assert_eq!(kind_of(rt::Trap::bug("x")), Some(ErrorKind::Bug));
        assert_eq!(kind_of(rt::Trap::host(rt::NoTrap(15))), Some(ErrorKind::Rejection));
        assert_eq!(kind_of(TrapKind::Unreachable.into()), Some(ErrorKind::Trap));
        for misuse in [TrapKind::Misuse.into(), rt::Trap::with_message(TrapKind::Misuse, "x")] {
            assert_eq!(kind_of(misuse), Some(ErrorKind::Misuse));
        }
        let bug = error_of(attach(refused()), None, true).context("around it");
        let found = bug.downcast_ref::<Bug>().and_then(Bug::check_error);
        assert_eq!(found, Some(&error), "{bug:?}");
        let text = "a bug in Prova: bytecode of func3 refused at word 1 (Wasm offset 0x2a), rule F5 (slots): s9 in a frame of 2";
        assert_eq!(bug.root_cause().to_string(), text);
        assert_eq!(Bug::new("x").check_error(), None);
    }
}
