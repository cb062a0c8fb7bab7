//! The text of a body: [`print`] and [`parse`], inverse to each other.
//!
//! ```text
//! ssa func0 fuel
//! block0 entry @0x24 (v0: i32 local0, v1: i32 local1)
//!   v2: i32 = i32.const bits=0x7 @0x24
//!   v3: i32 = i32.load memory=0 offset=8 align=2 v0 @0x26
//!   branch v3 block1(v2) block2() @0x29
//! block1 label1 @0x2c (v4: i32 stack0)
//!   return v4 @0x2f
//! block2 after @0x29 ()
//!   unreachable @0x2b
//! ```
//!
//! A line is a block's head, an instruction or a terminator; `@` is the offset in the module. A
//! block's head states its place in the Wasm and gives each parameter a type and a place. An
//! instruction is a mnemonic, immediates (`kind=number`), operands. A terminator has a name (`jump
//! branch table null invoke throw catch return tail unreachable`), and edges with arguments, of
//! which `p0`, `p1`, … are payloads.
//!
//! `parse(print(body)) == body` for every body, and `print(parse(text)) == text` for every text
//! that `print` has written. The parser takes what is written like this and refuses everything else
//! with the line; whether a body is well formed is for `verify` to say.
//!
//! Limits: time and memory linear in the text. Noticed by: `tests/verify.rs`, `tests/golden.rs`.

mod lex;
mod parse;
mod print;
mod renumber;
mod types;

pub use parse::{ParseError, parse};
pub use print::print;
pub use renumber::renumber;
