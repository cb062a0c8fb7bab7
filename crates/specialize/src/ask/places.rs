//! How places in the generic functions are named in words: by their offsets in the module, unless
//! the caller knows more of them, such as a line of source or where they stood before the
//! initialiser ran.

use prova_module::FuncIdx;
use std::fmt;
use std::sync::Arc;

/// A function's offset → a name for it.
type Namer = dyn Fn(FuncIdx, u32) -> String + Send + Sync;

/// Names of places.
#[derive(Clone, Default)]
pub struct Places(Option<Arc<Namer>>);

/// Offsets alone.
pub(crate) static OFFSETS: Places = Places(None);

impl Places {
    /// Names that a caller gives.
    pub fn new(name: impl Fn(FuncIdx, u32) -> String + Send + Sync + 'static) -> Places {
        Places(Some(Arc::new(name)))
    }

    /// The name of an offset in a function.
    #[must_use]
    pub fn name(&self, func: FuncIdx, offset: u32) -> String {
        match &self.0 {
            Some(name) => name(func, offset),
            None => format!("{offset:#x}"),
        }
    }
}

impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Places(named)" } else { "Places(offsets)" })
    }
}
