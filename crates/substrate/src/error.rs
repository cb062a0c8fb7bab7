//! The faults of a runtime, a state or a block: where, which rule, whose fault.
//!
//! Errors of the engine (a trap, a module that is refused) keep their own types; this one is for
//! faults that the host itself sees.

use crate::allocator::AllocatorError;
use std::borrow::Cow;
use std::fmt;

/// Whose fault an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The runtime broke the protocol between it and its host.
    Runtime,
    /// The block, the state or the file that was given is bad.
    Input,
    /// This host does not do it.
    Host,
}

/// The rule that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// A compressed blob does not decompress.
    Compressed(String),
    /// A blob or what it decompresses to has more than this number of bytes.
    CodeBytes(u64),
    /// The blob is for another machine.
    NotWasm(&'static str),
    /// The module has no memory, or one that this host cannot give it.
    Memory(String),
    /// The module imports these, and this host has none of them; without names, such a function
    /// was called.
    MissingImports(Vec<String>),
    /// The module imports a function of the host with this type, which is not the function's.
    ImportType(String),
    /// The module cannot be metered.
    Metering(String),
    /// The module exports no usable `__heap_base`.
    HeapBase,
    /// The pages of heap that are asked for do not fit.
    HeapPages(u64),
    /// The module has no such entry point.
    Entry,
    /// A range is not all inside the memory.
    Range {
        /// The first address.
        start: u32,
        /// The number of bytes.
        len: u32,
        /// The bytes of the memory.
        memory: u64,
    },
    /// The allocator refused.
    Allocator(AllocatorError),
    /// Bytes are no SCALE encoding of what they should be.
    Encoding(&'static str),
    /// A number is not one of those allowed.
    Number(&'static str, u64),
    /// A transaction is ended and none is open.
    NoTransaction,
    /// A batch of signatures is begun or ended out of order.
    Batch,
    /// The changes of a call take more than this number of bytes.
    ChangesBytes(u64),
    /// A list has more elements than this.
    ListLen(u32),
    /// A call returned more than this number of bytes.
    OutputBytes(u64),
    /// More storage transactions are open than this.
    TransactionDepth(usize),
    /// It is for offchain workers alone, and this is none.
    Offchain,
    /// It needs a key store, and there is none.
    KeyStore,
    /// The runtime stopped itself, with this message.
    Abort(String),
    /// A state file or block file is not of its form.
    File(String),
    /// A state or block of a file takes more than this number of bytes.
    StateBytes(u64),
    /// The root of a child trie is not the one that the main trie has.
    ChildRoot {
        /// The root in the main trie.
        expected: String,
        /// The root of the keys and values given.
        found: String,
    },
    /// The root of a state is not the one that the parent's header has.
    StateRoot {
        /// The root that was given.
        expected: String,
        /// The root of the state.
        found: String,
    },
    /// A block was refused by the runtime; the text says what was expected and what was found.
    Block(String),
}

/// An error: where, which rule, whose fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubstrateError {
    at: Cow<'static, str>,
    rule: Rule,
}

impl SubstrateError {
    /// The error that `rule` is broken at a place.
    pub fn new(at: impl Into<Cow<'static, str>>, rule: Rule) -> SubstrateError {
        SubstrateError { at: at.into(), rule }
    }

    /// Where: the host function, the entry point, the file's field.
    pub fn at(&self) -> &str {
        &self.at
    }

    /// The rule.
    pub fn rule(&self) -> &Rule {
        &self.rule
    }

    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        match self.rule {
            Rule::Compressed(_)
            | Rule::CodeBytes(_)
            | Rule::NotWasm(_)
            | Rule::File(_)
            | Rule::StateBytes(_)
            | Rule::ChildRoot { .. }
            | Rule::StateRoot { .. }
            | Rule::HeapPages(_)
            | Rule::Block(_) => Fault::Input,
            Rule::Offchain | Rule::KeyStore | Rule::MissingImports(_) | Rule::Metering(_) => {
                Fault::Host
            }
            Rule::Memory(_)
            | Rule::ImportType(_)
            | Rule::HeapBase
            | Rule::Entry
            | Rule::Range { .. }
            | Rule::Allocator(_)
            | Rule::Encoding(_)
            | Rule::Number(..)
            | Rule::NoTransaction
            | Rule::Batch
            | Rule::ChangesBytes(_)
            | Rule::ListLen(_)
            | Rule::OutputBytes(_)
            | Rule::TransactionDepth(_)
            | Rule::Abort(_) => Fault::Runtime,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rule::Compressed(why) => write!(f, "it begins like a compressed blob, but {why}"),
            Rule::CodeBytes(max) => {
                write!(f, "it has, or decompresses to, more than {max} bytes (limit `code_bytes`)")
            }
            Rule::NotWasm(what) => write!(f, "it is {what}, not WebAssembly"),
            Rule::Memory(why) => f.write_str(why),
            Rule::MissingImports(names) => missing(f, names),
            Rule::ImportType(ty) => {
                write!(f, "the runtime imports it as {ty}, which is not its type")
            }
            Rule::Metering(why) => write!(f, "the module cannot be metered: {why}"),
            Rule::HeapBase => f.write_str("it exports no global `__heap_base` of type i32"),
            Rule::HeapPages(pages) => {
                write!(f, "{pages} pages of heap do not fit into a memory of 65536 pages")
            }
            Rule::Entry => f.write_str("the runtime exports no such entry point"),
            Rule::Range { start, len, memory } => write!(
                f,
                "{len} bytes at {start:#x} are not all inside the memory of {memory:#x} bytes"
            ),
            Rule::Allocator(error) => error.fmt(f),
            Rule::Encoding(what) => write!(f, "the bytes are no SCALE encoding of {what}"),
            Rule::Number(what, number) => write!(f, "{number} is no {what}"),
            Rule::NoTransaction => f.write_str("no storage transaction is open"),
            Rule::Batch => f.write_str("a batch of signatures is begun or ended out of order"),
            Rule::ChangesBytes(max) => {
                write!(f, "the changes take more than {max} bytes (limit `changes_bytes`)")
            }
            Rule::ListLen(max) => {
                write!(f, "a list has more than {max} elements (limit `list`)")
            }
            Rule::OutputBytes(max) => {
                write!(f, "it returned more than {max} bytes (limit `output_bytes`)")
            }
            Rule::TransactionDepth(max) => write!(f, "more than {max} transactions are open"),
            Rule::Offchain => f.write_str("only offchain workers may call it, and this is none"),
            Rule::KeyStore => f.write_str("it needs a key store, and this host has none"),
            Rule::Abort(message) => write!(f, "the runtime stopped itself: {message}"),
            Rule::File(why) => f.write_str(why),
            Rule::StateBytes(max) => {
                write!(f, "what it holds takes more than {max} bytes (limit `state_bytes`)")
            }
            Rule::ChildRoot { expected, found } => write!(
                f,
                "the main trie expects the root {expected} of this child trie, but its keys and \
                 values have the root {found}"
            ),
            Rule::StateRoot { expected, found } => write!(
                f,
                "the expected root of the parent's state is {expected}, but the state has {found}"
            ),
            Rule::Block(why) => f.write_str(why),
        }
    }
}

/// The greatest number of missing imports that a message names.
const NAMES_MAX: usize = 40;

fn missing(f: &mut fmt::Formatter<'_>, names: &[String]) -> fmt::Result {
    let named: Vec<String> = names.iter().take(NAMES_MAX).map(|name| format!("`{name}`")).collect();
    match (names.len(), names.len() - named.len()) {
        (0, _) => f.write_str("the runtime called it, and this host does not have it"),
        (_, 0) => write!(f, "it imports {}, which this host does not have", named.join(", ")),
        (_, more) => write!(
            f,
            "it imports {} and {more} more, which this host does not have",
            named.join(", ")
        ),
    }
}

impl fmt::Display for SubstrateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whose = match self.fault() {
            Fault::Runtime => "the runtime's fault",
            Fault::Input => "the input's fault",
            Fault::Host => "a limit of this host",
        };
        write!(f, "`{}`: {} ({whose})", self.at, self.rule)
    }
}

impl std::error::Error for SubstrateError {}

/// The error that `rule` is broken at a place, as every function of this crate returns it.
pub(crate) fn broken(at: impl Into<Cow<'static, str>>, rule: Rule) -> prova_core::Error {
    prova_core::Error::new(SubstrateError::new(at, rule))
}
