//! The text form of code: words → one line per instruction, and back.
//!
//! ```text
//!     0: charge 7
//!     2: i32.add s3 <- s1 acc
//!     4: br_i32.lt_s acc s0 -> @12
//!     7: br_table s3 0 -> @12 @0 @12
//! ```
//!
//! A line is an optional Wasm offset in hexadecimal (the *map column*), the index of the first
//! word, the mnemonic, the results, `<-`, the sources, `->` and the branch targets as absolute word
//! indices, the default of a `br_table` last. An operand prints by its kind:
//!
//! | kind | text |
//! |---|---|
//! | a slot; a v128 slot; a window | `s5`; `s5:2`; `s5..` |
//! | an operand in its accumulator | `acc` |
//! | a number (signed); a 128-bit one | `-7`; `0x` and 32 digits |
//! | a memory offset; a lane | `+16`; `lane3` |
//! | an index of the module | `func12 type3 table0 mem1 global2 elem0 data0 tag0` |
//! | a target | `@17` |
//!
//! A word at which no instruction starts prints as `.word 0x…`, so every sequence of words has a
//! text. The parser also takes a target by name, a line `@name:` that defines one, and comments
//! from `;` to the end of the line.
//!
//! `prova inspect` and the file tests print with this.
//!
//! # Invariants
//! * X1. `parse(display(w).to_string()) = w` for all words `w`, valid or not (tests `every_op…`,
//!   `any_words…`).
//!
//! Limits: the parser is for tests and tools; it reads text of any size in linear time, and panics
//! on none.

mod parse;
#[cfg(test)]
mod tests;

pub use parse::{ParseError, parse, parse_with_map};

use crate::candidate::MapEntry;
use crate::encode::{Inst, decode};
use crate::ops::{Kind, Role};
use core::fmt;

/// The text of `words`, one instruction a line.
pub fn display(words: &[u64]) -> Listing<'_> {
    Listing { words, map: &[] }
}

/// The text of one instruction of `words` without its word index; `inst` must be decoded from
/// `words`.
pub fn disassemble_inst<'w>(words: &'w [u64], inst: &Inst) -> InstText<'w> {
    InstText { words, inst: *inst }
}

/// Code to be printed; see [`display`].
#[derive(Clone, Copy, Debug)]
pub struct Listing<'w> {
    words: &'w [u64],
    map: &'w [MapEntry],
}

impl<'w> Listing<'w> {
    /// The same with the map column: an entry's offset on the line of its word. `map` ascends by
    /// word; an entry that is not at the start of a line is left out.
    pub fn with_map(self, map: &'w [MapEntry]) -> Listing<'w> {
        Listing { map, ..self }
    }
}

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut entries = self.map.iter().peekable();
        let mut at = 0u32;
        while (at as usize) < self.words.len() {
            if !self.map.is_empty() {
                while entries.next_if(|e| e.word < at).is_some() {}
                match entries.next_if(|e| e.word == at) {
                    Some(entry) => write!(f, "{:#08x} ", entry.offset)?,
                    None => write!(f, "{:8} ", "")?,
                }
            }
            write!(f, "{at:5}: ")?;
            at = match decode(self.words, at) {
                Ok(inst) => {
                    writeln!(f, "{}", disassemble_inst(self.words, &inst))?;
                    inst.next
                }
                Err(_) => {
                    writeln!(f, ".word {:#018x}", self.words[at as usize])?;
                    at + 1
                }
            };
        }
        Ok(())
    }
}

/// An instruction to be printed; see [`disassemble_inst`].
#[derive(Clone, Copy, Debug)]
pub struct InstText<'w> {
    words: &'w [u64],
    inst: Inst,
}

impl fmt::Display for InstText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inst = &self.inst;
        f.write_str(inst.op.mnemonic())?;
        let operands = inst.op.operands();
        let results = operands.iter().filter(|o| o.role == Role::Result).count();
        let mut v = 0;
        for (i, operand) in operands.iter().enumerate() {
            if i == results && results > 0 {
                f.write_str(" <-")?;
            }
            let (low, high) = (inst.values[v], inst.values.get(v + 1).copied().unwrap_or(0));
            if inst.is_accumulated(v) {
                f.write_str(" acc")?;
            } else {
                write_operand(f, inst, operand.kind, low, high)?;
            }
            v += if operand.kind == Kind::v128c { 2 } else { 1 };
        }
        let targets = inst.table_targets(self.words);
        for (i, &target) in targets.iter().enumerate() {
            f.write_str(if i == 0 { " -> " } else { " " })?;
            write_target(f, inst, target)?;
        }
        Ok(())
    }
}

fn write_operand(
    f: &mut fmt::Formatter<'_>,
    inst: &Inst,
    kind: Kind,
    value: u64,
    high: u64,
) -> fmt::Result {
    match kind {
        Kind::i32 | Kind::i64 | Kind::f32 | Kind::f64 | Kind::ref_ | Kind::addr | Kind::any => {
            write!(f, " s{value}")
        }
        Kind::v128 => write!(f, " s{value}:2"),
        Kind::win => write!(f, " s{value}.."),
        Kind::i32c => write!(f, " {}", value as i32),
        Kind::i32s | Kind::i64s | Kind::i64w | Kind::i64c | Kind::f64c => {
            write!(f, " {}", value as i64)
        }
        Kind::v128c => write!(f, " 0x{high:016x}{value:016x}"),
        Kind::rel => {
            f.write_str(" -> ")?;
            write_target(f, inst, value)
        }
        Kind::off16 | Kind::off32 | Kind::off64 => write!(f, " +{value}"),
        Kind::lane => write!(f, " lane{value}"),
        // The targets say how many there are.
        Kind::count => Ok(()),
        Kind::func => write!(f, " func{value}"),
        Kind::type_ => write!(f, " type{value}"),
        Kind::table => write!(f, " table{value}"),
        Kind::mem => write!(f, " mem{value}"),
        Kind::global => write!(f, " global{value}"),
        Kind::elem => write!(f, " elem{value}"),
        Kind::data => write!(f, " data{value}"),
        Kind::tag => write!(f, " tag{value}"),
    }
}

/// A target may lie outside of the code, even before word 0.
fn write_target(f: &mut fmt::Formatter<'_>, inst: &Inst, offset: u64) -> fmt::Result {
    write!(f, "@{}", i64::from(inst.at) + i64::from(offset as i32))
}
