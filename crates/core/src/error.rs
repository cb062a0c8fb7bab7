//! The party at fault for an error: one type per kind, and [`ErrorKind::of`] to ask for it.
//!
//! Every fallible function of this crate returns [`anyhow::Error`]. The typed error lies at its
//! root, below all context that was put around it: `error.downcast_ref::<Trap>()` gives the trap,
//! [`ErrorKind::of`] the kind. An error without a kind is a host function's own.

use prova_demangle::{printable, printable_message};
use prova_module as module;
use std::fmt;

pub use anyhow::{Context, Error, anyhow as format_err, bail, ensure};
pub use prova_bytecode::CheckError;

/// The result of everything that can fail.
///
/// ```
/// use prova_core::*;
///
/// fn half(x: i32) -> Result<i32> {
///     ensure!(x % 2 == 0, "{x} is odd");
///     Ok(x / 2)
/// }
///
/// assert_eq!(half(4)?, 2);
/// assert_eq!(half(3).unwrap_err().to_string(), "3 is odd");
/// # Ok::<(), prova_core::Error>(())
/// ```
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Whose fault an error is.
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let error = Module::new(&engine, b"\0asm\x01\0\0\0\x63").unwrap_err();
/// assert_eq!(ErrorKind::of(&error), Some(ErrorKind::Invalid));
/// assert_eq!(ErrorKind::of(&Trap::OutOfFuel.into()), Some(ErrorKind::Trap));
/// assert_eq!(ErrorKind::of(&format_err!("an embedder's own")), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The module is malformed or invalid ([`InvalidModule`]), or its text ([`InvalidText`]) or the
    /// artifact is ([`InvalidArtifact`]).
    Invalid,
    /// The module needs a proposal that is off, or exceeds a limit ([`UnsupportedModule`]).
    Unsupported,
    /// The module does not fit what it was given to import ([`LinkError`]).
    Link,
    /// The program went wrong ([`Trap`](crate::Trap)).
    Trap,
    /// The embedder is at fault ([`Misuse`]).
    Misuse,
    /// The maker of machine code is at fault ([`Rejection`]): its compiler, or the file of it.
    Rejection,
    /// Prova is at fault ([`Bug`]): it contradicts itself, or it refused its own translation of a
    /// function, which does not run.
    Bug,
}

impl ErrorKind {
    /// The kind of an error; `None` if it is the embedder's own.
    pub fn of(error: &Error) -> Option<ErrorKind> {
        if error.is::<InvalidModule>() || error.is::<InvalidText>() || error.is::<InvalidArtifact>()
        {
            Some(ErrorKind::Invalid)
        } else if error.is::<UnsupportedModule>() {
            Some(ErrorKind::Unsupported)
        } else if error.is::<LinkError>() {
            Some(ErrorKind::Link)
        } else if error.is::<crate::Trap>() {
            Some(ErrorKind::Trap)
        } else if error.is::<Misuse>() {
            Some(ErrorKind::Misuse)
        } else if error.is::<Rejection>() {
            Some(ErrorKind::Rejection)
        } else if error.is::<Bug>() {
            Some(ErrorKind::Bug)
        } else {
            None
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ErrorKind::Invalid => "invalid",
            ErrorKind::Unsupported => "unsupported",
            ErrorKind::Link => "link",
            ErrorKind::Trap => "trap",
            ErrorKind::Misuse => "misuse",
            ErrorKind::Rejection => "rejection",
            ErrorKind::Bug => "bug",
        })
    }
}

/// The module is malformed or invalid: offset and rule.
///
/// ```
/// use prova_core::*;
///
/// let error = Module::new(&Engine::default(), b"\0asm\x02\0\0\0").unwrap_err();
/// let invalid: &InvalidModule = error.downcast_ref().expect("it is of another version");
/// assert_eq!(invalid.offset(), Some(4));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidModule(pub(crate) module::Error);

/// The module needs a proposal that is off or that no tier executes, or exceeds a limit: its name
/// and the offset.
///
/// ```
/// use prova_core::*;
///
/// let mut config = Config::new();
/// config.wasm_simd(false);
/// let engine = Engine::new(&config)?;
/// let bytes = wat::parse_str("(module (func (param v128)))")?;
/// let error = Module::new(&engine, bytes).unwrap_err();
/// let unsupported: &UnsupportedModule = error.downcast_ref().expect("vectors are off");
/// assert!(unsupported.proposal().is_some() && unsupported.limit().is_none());
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsupportedModule(pub(crate) module::Error);

impl InvalidModule {
    /// Where the module is at fault, in bytes.
    pub fn offset(&self) -> Option<usize> {
        self.0.offset
    }
}

impl UnsupportedModule {
    /// The proposal that it needs; `None` if it exceeds a limit.
    pub fn proposal(&self) -> Option<&'static str> {
        match self.0.kind {
            module::ErrorKind::Unsupported { proposal, .. } => Some(proposal),
            module::ErrorKind::Invalid { .. } | module::ErrorKind::Limit { .. } => None,
        }
    }

    /// The instruction that no tier executes, where it is one; then no setting allows it.
    pub fn instruction(&self) -> Option<&'static str> {
        match self.0.kind {
            module::ErrorKind::Unsupported { instruction, .. } => instruction,
            module::ErrorKind::Invalid { .. } | module::ErrorKind::Limit { .. } => None,
        }
    }

    /// The limit of modules that it exceeds, a field of [`Limits`](crate::Limits); `None` if it
    /// needs a proposal.
    pub fn limit(&self) -> Option<&'static str> {
        match self.0.kind {
            module::ErrorKind::Limit { name, .. } => Some(name),
            module::ErrorKind::Invalid { .. } | module::ErrorKind::Unsupported { .. } => None,
        }
    }

    /// Where the module needs it, in bytes.
    pub fn offset(&self) -> Option<usize> {
        self.0.offset
    }
}

impl fmt::Display for InvalidModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable_message(&self.0.to_string()))
    }
}

impl fmt::Display for UnsupportedModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl std::error::Error for InvalidModule {}
impl std::error::Error for UnsupportedModule {}

/// A file that was to be an artifact ([`Module::deserialize`](crate::Module::deserialize)) is none,
/// or is damaged: section, offset and rule.
///
/// ```
/// use prova_core::*;
///
/// let error = Module::deserialize(&Engine::default(), b"no artifact").unwrap_err();
/// assert_eq!(ErrorKind::of(&error), Some(ErrorKind::Invalid));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidArtifact(pub(crate) prova_artifact::Error);

impl fmt::Display for InvalidArtifact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable_message(&self.0.to_string()))
    }
}

impl std::error::Error for InvalidArtifact {}

/// Text that is no module: the reader of the text format
/// ([`Config::text_format`](crate::Config::text_format)) says why.
///
/// ```
/// use prova_core::*;
///
/// let mut config = Config::new();
/// config.text_format(|text| wat::parse_str(text).map_err(|error| error.to_string()));
/// let engine = Engine::new(&config)?;
/// assert!(Module::new(&engine, "(module").unwrap_err().is::<InvalidText>());
/// Module::new(&engine, "(module)")?;
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidText {
    pub(crate) file: Option<String>,
    pub(crate) what: String,
}

impl fmt::Display for InvalidText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "`{file}`: ")?;
        }
        f.write_str(&self.what)
    }
}

impl std::error::Error for InvalidText {}

/// A refusal of `prova_module` as the kind it is.
pub(crate) fn refused(error: module::Error) -> Error {
    if error.is_invalid() {
        Error::new(InvalidModule(error))
    } else {
        Error::new(UnsupportedModule(error))
    }
}

/// The name of an import in a message.
pub(crate) fn import_name(module: &str, name: &str) -> String {
    format!("{}::{}", printable(module), printable(name))
}

/// The module does not fit what it was given to import, or a limit of the store is too low for it.
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, wat::parse_str("(module (import \"a\" \"b\" (func)))")?)?;
/// let mut store = Store::new(&engine, ());
/// let error = Linker::new(&engine).instantiate(&mut store, &module).unwrap_err();
/// let link: &LinkError = error.downcast_ref().expect("nothing is defined");
/// assert_eq!(link.unknown_import(), Some("a"));
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkError {
    message: String,
    limit: Option<&'static str>,
    unknown: Option<String>,
}

impl LinkError {
    pub(crate) fn new(message: impl Into<String>) -> LinkError {
        LinkError { message: message.into(), limit: None, unknown: None }
    }

    /// An object of a store that cannot be made.
    pub(crate) fn of_creation(error: &prova_runtime::CreateError) -> LinkError {
        let limit = match error {
            prova_runtime::CreateError::Limit { name, .. } => Some(*name),
            prova_runtime::CreateError::OutOfMemory
            | prova_runtime::CreateError::Refused
            | prova_runtime::CreateError::Misuse(_) => None,
        };
        LinkError { message: error.to_string(), limit, unknown: None }
    }

    /// An import that nobody has defined.
    pub(crate) fn of_unknown_import(module: &str, name: &str) -> LinkError {
        let import = import_name(module, name);
        let message = format!("unknown import: `{import}` has not been defined");
        LinkError { message, limit: None, unknown: Some(module.to_owned()) }
    }

    /// The same with more lines.
    pub(crate) fn with_list(mut self, lines: &str) -> LinkError {
        self.message.push_str(lines);
        self
    }

    /// The limit of the store that is too low, by its name in `docs/semantics.md`
    /// (`memory_bytes_max`, …); `None` if that is not the reason.
    pub fn limit(&self) -> Option<&'static str> {
        self.limit
    }

    /// The module name of an import that a linker does not know; `None` if that is not the reason.
    pub fn unknown_import(&self) -> Option<&str> {
        self.unknown.as_deref()
    }
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for LinkError {}

/// The embedder asked for what this interface excludes: values of other types than a function or
/// object takes, objects of another store, a name defined twice. Nothing has changed.
///
/// ```
/// use prova_core::*;
///
/// let mut store = Store::new(&Engine::default(), ());
/// let func = Func::wrap(&mut store, |_: i32| ());
/// let error = func.call(&mut store, &[], &mut []).unwrap_err();
/// assert!(error.is::<Misuse>(), "it takes an argument");
/// func.call(&mut store, &[Val::I32(1)], &mut [])?;
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misuse(pub(crate) String);

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Misuse {}

/// Returns with a [`Misuse`].
macro_rules! misuse {
    ($($message:tt)*) => {
        return Err($crate::error::Error::new($crate::error::Misuse(format!($($message)*))))
    };
}
pub(crate) use misuse;

/// Machine code that the check accepted stopped where its maker says that it never is. It stayed in
/// its sandbox; the compiler is at fault, or the file that the code is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection(pub(crate) String);

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Rejection {}

/// Something in Prova contradicts itself: please report it.
///
/// Bytecode that the check refuses is such a contradiction, between the translator and the check.
/// It never runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bug(Contradiction);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Contradiction {
    Refused(CheckError),
    Other(String),
}

impl Bug {
    pub(crate) fn new(message: impl Into<String>) -> Bug {
        Bug(Contradiction::Other(message.into()))
    }

    pub(crate) fn refused(error: CheckError) -> Bug {
        Bug(Contradiction::Refused(error))
    }

    /// Of bytecode that was refused: which function, where, which rule.
    pub fn check_error(&self) -> Option<&CheckError> {
        match &self.0 {
            Contradiction::Refused(error) => Some(error),
            Contradiction::Other(_) => None,
        }
    }
}

impl fmt::Display for Bug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Contradiction::Refused(error) => {
                write!(f, "a bug in Prova: {}", prova_wording::refused(error))
            }
            Contradiction::Other(message) => write!(f, "a bug in Prova: {message}"),
        }
    }
}

impl std::error::Error for Bug {}

/// Unwraps what cannot fail, with the reason why.
pub(crate) trait OrBug<T> {
    /// The value.
    ///
    /// # Panics
    /// If `why` is wrong.
    fn or_bug(self, why: &str) -> T;
}

impl<T> OrBug<T> for Option<T> {
    #[track_caller]
    fn or_bug(self, why: &str) -> T {
        match self {
            Some(value) => value,
            None => panic!("a bug in Prova, for {why}"),
        }
    }
}

impl<T> OrBug<T> for Result<T> {
    #[track_caller]
    fn or_bug(self, why: &str) -> T {
        match self {
            Ok(value) => value,
            Err(error) => panic!("a bug in Prova, for {why}: {error:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_survives_context() {
        for (error, kind) in [
            (Error::new(LinkError::new("x")), Some(ErrorKind::Link)),
            (Error::new(crate::Trap::OutOfFuel), Some(ErrorKind::Trap)),
            (Error::new(Rejection("x".into())), Some(ErrorKind::Rejection)),
            (Error::new(Bug::new("x")), Some(ErrorKind::Bug)),
            (Error::new(Misuse("x".into())), Some(ErrorKind::Misuse)),
            (format_err!("an embedder's own"), None),
        ] {
            let error = error.context("inner").context("outer");
            assert_eq!(ErrorKind::of(&error), kind, "{error:?}");
        }
    }
}
