//! The text of a certificate: [`write()`] and [`read`], inverse to each other.
//!
//! ```text
//! entry
//! memory w0:0:8 w0:8:4 a1:-16:24
//! copy block3 2 fresh v12=#2a v13=p1 v14=0+16 b0=p0 r5=p2 s1+8,p3 l0=1+16,p4 k0:16:24
//! inner 4
//! broken
//! ```
//!
//! A line is a role; what it holds are words: values `v`, bases `b`, registers `r`, pushed cells
//! `s`, locals `l`, known ranges `k`, words that are compared `w`, windows `a`. What is known is
//! bits behind `#`, a parameter behind `p`, or a base and a distance.
//!
//! What a reader takes is only a certificate, which nobody believes: [`crate::check`] judges it.
//! Limits: lists that the check goes through for each other thing have at most [`LIST_MAX`]
//! elements. Time and memory are linear in the text.

use crate::certificate::{Cell, Certificate, Compared, Known, Range, Role, Row, Window, Word};
use prova_ssa::{Block, Value};
use std::fmt::{self, Write};

/// The most bases, registers, cells, ranges and windows of a role, each.
pub(super) const LIST_MAX: usize = 4_096;

/// Writes a certificate, a line for each role.
pub(super) fn write(certificate: &Certificate) -> String {
    let mut text = String::new();
    for role in &certificate.roles {
        // Writing to a string does not fail.
        let _ = write_role(&mut text, role);
        text.push('\n');
    }
    text
}

fn write_role(f: &mut String, role: &Role) -> fmt::Result {
    match role {
        Role::Entry => f.write_str("entry"),
        Role::Fallback => f.write_str("fallback"),
        Role::Broken => f.write_str("broken"),
        Role::Inner(start) => write!(f, "inner {start}"),
        Role::Memory(Compared { words, apart }) => {
            f.push_str("memory");
            for Word { arg, offset, bytes } in words {
                write!(f, " w{arg}:{offset}:{bytes}")?;
            }
            apart
                .iter()
                .try_for_each(|Window { arg, from, bytes }| write!(f, " a{arg}:{from}:{bytes}"))
        }
        Role::Copy(row) => write_row(f, row),
    }
}

fn write_row(f: &mut String, row: &Row) -> fmt::Result {
    let Row { block, start, values, bases, regs, stack, locals, fresh, known } = row;
    match block {
        Some(block) => write!(f, "copy {block} {start}")?,
        None => write!(f, "copy none {start}")?,
    }
    f.push_str(if *fresh { " fresh" } else { "" });
    for (value, known) in values {
        write!(f, " {value}={}", Text(*known))?;
    }
    bases.iter().try_for_each(|(root, param)| write!(f, " b{root}=p{param}"))?;
    regs.iter().try_for_each(|(number, known)| write!(f, " r{number}={}", Text(*known)))?;
    for Cell { address, value } in stack {
        write!(f, " s{},{}", Text(*address), Text(*value))?;
    }
    for (number, Cell { address, value }) in locals {
        write!(f, " l{number}={},{}", Text(*address), Text(*value))?;
    }
    known.iter().try_for_each(|Range { arg, from, to }| write!(f, " k{arg}:{from}:{to}"))
}

struct Text(Known);

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Known::Bits(bits) => write!(f, "#{bits:x}"),
            Known::Pointer { root, offset } => write!(f, "{root}+{offset}"),
            Known::Param(number) => write!(f, "p{number}"),
        }
    }
}

/// Reads a certificate of so many roles from the lines that [`write()`] writes; leaves the others.
/// `None` if they are not of this form.
pub(super) fn read(lines: &mut std::str::Lines<'_>, count: usize) -> Option<Certificate> {
    let mut roles = Vec::new();
    for _ in 0..count {
        roles.push(read_role(lines.next()?)?);
    }
    Some(Certificate { roles })
}

fn read_role(line: &str) -> Option<Role> {
    let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
    let mut words = rest.split(' ').filter(|word| !word.is_empty());
    let role = match name {
        "entry" => Role::Entry,
        "fallback" => Role::Fallback,
        "broken" => Role::Broken,
        "inner" => Role::Inner(words.next()?.parse().ok()?),
        "memory" => return memory(words),
        "copy" => return row(words),
        _other => return None,
    };
    words.next().is_none().then_some(role)
}

fn memory<'t>(words: impl Iterator<Item = &'t str>) -> Option<Role> {
    let mut all = Compared::default();
    for word in words {
        let (kind, [arg, from, bytes]) = three(word)?;
        let (arg, bytes) = (arg.parse().ok()?, bytes.parse().ok()?);
        match kind {
            'w' => all.words.push(Word { arg, offset: from.parse().ok()?, bytes }),
            'a' => all.apart.push(Window { arg, from: from.parse().ok()?, bytes }),
            _other => return None,
        }
    }
    (all.apart.len() <= LIST_MAX).then_some(Role::Memory(all))
}

fn row<'t>(words: impl Iterator<Item = &'t str>) -> Option<Role> {
    let mut words = words.peekable();
    let block = match words.next()? {
        "none" => None,
        name => Some(Block::from_u32(index(name.strip_prefix("block")?)?)),
    };
    let mut row = Row { block, start: words.next()?.parse().ok()?, ..Row::default() };
    row.fresh = words.next_if_eq(&"fresh").is_some();
    for word in words {
        let kind = word.chars().next()?;
        match (kind, word.split_once('=')) {
            ('k', _) => {
                let (_, [arg, from, to]) = three(word)?;
                let (arg, from, to) = (arg.parse().ok()?, from.parse().ok()?, to.parse().ok()?);
                row.known.push(Range { arg, from, to });
            }
            ('s', _) => row.stack.push(cell(word.strip_prefix(kind)?)?),
            (_, None) => return None,
            (_, Some((name, said))) => {
                let number = name.strip_prefix(kind)?;
                match kind {
                    'v' => row.values.push((Value::from_u32(index(number)?), known(said)?)),
                    'b' => {
                        let param = said.strip_prefix('p')?.parse().ok()?;
                        row.bases.push((number.parse().ok()?, param));
                    }
                    'r' => row.regs.push((number.parse().ok()?, known(said)?)),
                    'l' => row.locals.push((number.parse().ok()?, cell(said)?)),
                    _other => return None,
                }
            }
        }
    }
    let Row { bases, regs, stack, locals, known, .. } = &row;
    let lens = [bases.len(), regs.len(), stack.len(), locals.len(), known.len()];
    lens.iter().all(|&len| len <= LIST_MAX).then_some(Role::Copy(row))
}

/// A number that can be one of a block or value: the greatest is none.
fn index(text: &str) -> Option<u32> {
    text.parse().ok().filter(|&number| number != u32::MAX)
}

/// A letter and three parts between colons.
fn three(word: &str) -> Option<(char, [&str; 3])> {
    let kind = word.chars().next()?;
    let mut parts = word.strip_prefix(kind)?.split(':');
    let all = [parts.next()?, parts.next()?, parts.next()?];
    parts.next().is_none().then_some((kind, all))
}

fn cell(text: &str) -> Option<Cell> {
    let (address, value) = text.split_once(',')?;
    Some(Cell { address: known(address)?, value: known(value)? })
}

fn known(text: &str) -> Option<Known> {
    if let Some(bits) = text.strip_prefix('#') {
        return u64::from_str_radix(bits, 16).ok().map(Known::Bits);
    }
    if let Some(number) = text.strip_prefix('p') {
        return number.parse().ok().map(Known::Param);
    }
    let (root, offset) = text.split_once('+')?;
    Some(Known::Pointer { root: root.parse().ok()?, offset: offset.parse().ok()? })
}
