//! All inputs of the search of a function → the name under which its result is kept.
//!
//! ```text
//! Subject ─ each of its parts ─ Digest::extend (SHA-256) ─► Key
//! ```
//!
//! * Q1. All that the search and the writer read is a [`Subject`]. The image of memory is no part
//!   of it: program text reaches them as the bytes that the request holds, all of which are hashed.
//!   Here a subject, its request and its promises are taken apart field by field, so that a new
//!   field does not compile until somebody says what it does to the key.
//! * Q2. Left out is what does not change a function: the request's number and slot, the names of
//!   places. Offsets count from the function's start, so that code elsewhere may grow.
//! * Q3. A key is a name and no proof. What is found under it is proved for the subject at hand
//!   ([`super::find`]); a key that forgets something costs time and reports, never a wrong function
//!   (`super::tests` plants such keys).

use super::body;
use crate::ask::intrinsic::Intrinsic;
use crate::ask::promise::Promises;
use crate::ask::request::{Argument, Request};
use crate::search::sink::Subject;
use prova_module::{Digest, Features, FuncIdx, Limits, Module};
use prova_ssa::Body;
use std::fmt;
use std::sync::OnceLock;

/// The version of all that makes entries: it rises whenever the same subject may give another
/// function, or an entry has another form.
const FORM: u64 = 3;

/// The name of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Digest);

impl Key {
    /// The key of a name, for tests of stores.
    #[doc(hidden)]
    pub fn named(name: &str) -> Key {
        Key(digest("name", name.as_bytes()))
    }

    /// Its bytes.
    pub(super) fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }
}

impl fmt::Display for Key {
    /// 64 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The digest that stands for nothing: the digest of a module without sections.
fn nothing() -> Digest {
    static NOTHING: OnceLock<Digest> = OnceLock::new();
    *NOTHING.get_or_init(|| {
        let module = Module::decode(*b"\0asm\x01\0\0\0", &Features::default(), &Limits::default());
        module.unwrap_or_else(|_| unreachable!("the empty module is valid")).digest()
    })
}

/// The digest of bytes, whose meaning `label` says.
pub(super) fn digest(label: &str, bytes: &[u8]) -> Digest {
    nothing().extend(label, bytes)
}

/// A digest of parts, each with its name and length, so that none can pass for others.
struct Parts(Digest);

impl Parts {
    fn bytes(&mut self, name: &str, bytes: &[u8]) {
        self.0 = self.0.extend(name, bytes);
    }

    fn number(&mut self, name: &str, number: u64) {
        self.bytes(name, &number.to_le_bytes());
    }

    fn argument(&mut self, argument: &Argument) {
        match argument {
            Argument::Runtime => self.bytes("runtime", &[]),
            Argument::Constant(ty, bits) => {
                let bits = if planted!(KeyWithoutConstants) { 0 } else { *bits };
                self.number(&ty.to_string(), bits);
            }
            Argument::Buffer(bytes) => {
                self.bytes("text", if planted!(KeyWithoutText) { &[] } else { bytes });
            }
        }
    }
}

/// The digest of a generic function, in any place of its module.
pub(crate) fn of_generic(body: &Body) -> Digest {
    let (mut bytes, start) = (Vec::new(), start(body));
    match body::write(&mut bytes, body, start, |func| func) {
        Some(()) => digest("function", &bytes),
        // A body that has no bytes has a text.
        None => {
            let here = body.clone().relocated(|offset| offset.wrapping_sub(start), Some);
            let text = here.map(|body| prova_ssa::print(&body));
            digest("function's text", text.unwrap_or_default().as_bytes())
        }
    }
}

/// The offset that those of a body are counted from.
pub(super) fn start(body: &Body) -> u32 {
    body.block(body.entry()).offset
}

impl Key {
    /// The key of a subject.
    pub(crate) fn of(subject: &Subject<'_>) -> Key {
        let Subject { generic, intrinsics, request, promises, memory_bytes, places: _, has_cells } =
            *subject;
        let Request { id: _, func: FuncIdx(func), globals, params, slot: _ } = request;
        let Promises { memory_is_compared, cells_are_private } = promises;
        let mut parts = Parts(nothing());
        parts.bytes("prova specialize", env!("CARGO_PKG_VERSION").as_bytes());
        parts.number("form", FORM);
        if !planted!(KeyWithoutFunction) {
            parts.bytes("generic", generic.digest(of_generic).as_bytes());
            generic
                .results()
                .iter()
                .for_each(|ty| parts.bytes("result", ty.to_string().as_bytes()));
        }
        for intrinsic in intrinsics.imported() {
            parts.bytes("import", intrinsic.map_or("", Intrinsic::name).as_bytes());
        }
        parts.number("cells", has_cells.into());
        parts.number("func", (*func).into());
        for arguments in [globals, params] {
            parts.number("arguments", arguments.len() as u64);
            arguments.iter().for_each(|argument| parts.argument(argument));
        }
        if !planted!(KeyWithoutPromises) {
            parts.number("compared", memory_is_compared.into());
            parts.number("private", cells_are_private.into());
        }
        if !planted!(KeyWithoutMemory) {
            parts.number("memory", memory_bytes);
        }
        Key(parts.0)
    }
}
