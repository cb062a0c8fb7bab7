//! Tests of the canonical ABI, over a guest that is a vector of bytes.

mod guest;
mod handles;
mod lies;
mod types;
mod values;
