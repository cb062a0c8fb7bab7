//! References to exceptions.

use crate::inside::StoreId;
use prova_runtime::Cell;

/// A reference to an exception. The exception lives as long as something inside the store refers to
/// it: a host that keeps the reference keeps nothing alive, and what is gone is refused as an
/// argument.
///
/// ```
/// use prova_core::*;
///
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let tag = Tag::new(&mut store, &FuncType::new(&engine, [ValType::I32], []))?;
/// let exception = ExnRef::new(&mut store, tag, &[Val::I32(7)])?;
/// assert_eq!(exception.exception(&store)?.values()[0].unwrap_i32(), 7);
/// assert!(ExnRef::new(&mut store, tag, &[]).is_err());
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExnRef {
    pub(crate) store: StoreId,
    pub(crate) cell: Cell,
}
