//! References to what `ref.eq` compares.

use super::any::kinds;
use super::handle::{ArrayRef, EqRef, Rooted, StructRef};
use super::i31::I31;
use crate::error::Result;
use crate::store::{AsContext, AsContextMut};
use crate::types::HeapType;

kinds! { EqRef:
    StructRef Struct is_struct as_struct unwrap_struct "a structure";
    ArrayRef Array is_array as_array unwrap_array "an array";
}
