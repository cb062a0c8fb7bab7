//! The Rust types of a row's names, for readers that evaluate its expression.
//!
//! A reader binds each operand and each immediate to a variable of the type given here, calls the
//! expression, and has [`select`](fn@select) and [`ref_is_null`] in scope beside the functions of
//! `prova-num`. Cells that are references or addresses are `u64`, vectors and values of any type
//! `u128`.
//!
//! Noticed by: the evaluation of every row against the reference tier (`prova-testing`).

/// The Rust type of an operand of a kind ([`Kind`](crate::ops::Kind)).
#[doc(hidden)]
#[macro_export]
macro_rules! wasm_operand {
    (i32) => {
        u32
    };
    (i64) => {
        u64
    };
    (f32) => {
        f32
    };
    (f64) => {
        f64
    };
    (v128) => {
        u128
    };
    (same) => {
        u128
    };
    ($cell:ident) => {
        u64
    };
}

/// The Rust type of an immediate of a kind ([`Immediate`](crate::ops::Immediate)).
#[doc(hidden)]
#[macro_export]
macro_rules! wasm_immediate {
    (i64) => {
        u64
    };
    (f32) => {
        f32
    };
    (f64) => {
        f64
    };
    (v128) => {
        u128
    };
    (lanes) => {
        u128
    };
    (lane2) => {
        u8
    };
    (lane4) => {
        u8
    };
    (lane8) => {
        u8
    };
    (lane16) => {
        u8
    };
    ($index:ident) => {
        u32
    };
}

/// `select`: `a` unless the condition is 0, then `b`.
pub fn select(a: u128, b: u128, condition: u32) -> u128 {
    if condition == 0 { b } else { a }
}

/// `ref.is_null` of a reference's cell: 1 for null, which is the cell 0.
pub fn ref_is_null(a: u64) -> u32 {
    u32::from(a == 0)
}
