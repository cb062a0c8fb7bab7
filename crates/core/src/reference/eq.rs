//! References to what `ref.eq` compares.

use super::any::kinds;
use super::i31::I31;
use super::rooted::{Handle, Rooted, gc_refs};
use super::{ArrayRef, StructRef};
use crate::error::Result;
use crate::store::{AsContext, AsContextMut};
use crate::types::HeapType;

/// A reference to a structure, an array or a small integer; not null. It is met behind a [`Rooted`]
/// or [`OwnedRooted`](crate::OwnedRooted).
///
/// ```
/// use prova_core::*;
///
/// let mut store = Store::new(&Engine::default(), ());
/// let small = EqRef::from_i31(&mut store, I31::wrapping_u32(3));
/// assert!(small.is_i31(&store)? && !small.is_struct(&store)?);
/// assert_eq!(small.to_anyref().unwrap_i31(&store)?.get_u32(), 3);
/// # Ok::<(), prova_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct EqRef(Handle);

gc_refs! { EqRef Any Eq; }

kinds! { EqRef:
    StructRef Struct is_struct as_struct unwrap_struct "a structure";
    ArrayRef Array is_array as_array unwrap_array "an array";
}
