//! The bytes of a certificate: [`write()`] and [`read`], inverse to each other.
//!
//! A role is a letter's byte and what it holds; lists begin with their length, and what rises is
//! written as distances. What is known is bits, a base and a distance, or a parameter.
//!
//! What a reader takes is only a certificate, which nobody believes: [`crate::check`] judges it,
//! and limits what that costs. Time and memory are linear in the bytes.

use super::bytes::{Reader, put, put_signed};
use crate::ask::certificate::{Cell, Certificate, Compared, Known, Range, Role, Row, Window, Word};
use prova_ssa::{Block, Value};

/// Writes a certificate.
pub(super) fn write(out: &mut Vec<u8>, certificate: &Certificate) {
    put(out, certificate.roles.len() as u64);
    certificate.roles.iter().for_each(|role| write_role(out, role));
}

fn write_role(out: &mut Vec<u8>, role: &Role) {
    match role {
        Role::Entry => out.push(b'e'),
        Role::Fallback => out.push(b'f'),
        Role::Broken => out.push(b'b'),
        Role::Inner(start) => {
            out.push(b'i');
            put(out, *start);
        }
        Role::Memory(Compared { words, apart }) => {
            out.push(b'm');
            list(out, words, |out, Word { arg, offset, bytes }| {
                [arg, offset, bytes].into_iter().for_each(|number| put(out, *number));
            });
            list(out, apart, |out, Window { arg, from, bytes }| {
                put(out, *arg);
                put_signed(out, *from);
                put(out, *bytes);
            });
        }
        Role::Copy(row) => {
            out.push(b'c');
            write_row(out, row);
        }
    }
}

fn write_row(out: &mut Vec<u8>, row: &Row) {
    let Row { block, start, values, bases, regs, stack, locals, fresh, known } = row;
    // One more than its number; 0 if there is none.
    put(out, block.map_or(0, |block| u64::from(block.as_u32()) + 1));
    put(out, *start);
    out.push((*fresh).into());
    let mut last = 0;
    list(out, values, |out, (value, known)| {
        put(out, value.as_u32().wrapping_sub(last));
        last = value.as_u32();
        write_known(out, *known);
    });
    list(out, bases, |out, (root, param)| {
        put(out, *root);
        put(out, *param);
    });
    list(out, regs, |out, (number, known)| {
        put(out, *number);
        write_known(out, *known);
    });
    list(out, stack, write_cell);
    list(out, locals, |out, (number, cell)| {
        put(out, *number);
        write_cell(out, cell);
    });
    list(out, known, |out, Range { arg, from, to }| {
        [arg, from, to].into_iter().for_each(|number| put(out, *number));
    });
}

fn list<T>(out: &mut Vec<u8>, all: &[T], mut one: impl FnMut(&mut Vec<u8>, &T)) {
    put(out, all.len() as u64);
    all.iter().for_each(|it| one(out, it));
}

fn write_cell(out: &mut Vec<u8>, Cell { address, value }: &Cell) {
    write_known(out, *address);
    write_known(out, *value);
}

fn write_known(out: &mut Vec<u8>, known: Known) {
    match known {
        Known::Bits(bits) => {
            out.push(b'#');
            put(out, bits);
        }
        Known::Pointer { root, offset } => {
            out.push(b'+');
            put(out, root);
            put(out, offset);
        }
        Known::Param(number) => {
            out.push(b'p');
            put(out, number);
        }
    }
}

/// Reads a certificate; `None` if the bytes are not of this form.
pub(super) fn read(from: &mut Reader<'_>) -> Option<Certificate> {
    Some(Certificate { roles: read_list(from, read_role)? })
}

fn read_list<T>(
    from: &mut Reader<'_>,
    mut one: impl FnMut(&mut Reader<'_>) -> Option<T>,
) -> Option<Vec<T>> {
    let mut all = Vec::new();
    for _ in 0..from.number()? {
        all.push(one(from)?);
    }
    Some(all)
}

fn read_role(from: &mut Reader<'_>) -> Option<Role> {
    Some(match from.byte()? {
        b'e' => Role::Entry,
        b'f' => Role::Fallback,
        b'b' => Role::Broken,
        b'i' => Role::Inner(from.number32()?),
        b'm' => {
            let words = read_list(from, |from| {
                let (arg, offset) = (from.number32()?, from.number32()?);
                Some(Word { arg, offset, bytes: from.number32()? })
            })?;
            let apart = read_list(from, |from| {
                let (arg, first) = (from.number32()?, from.signed()?);
                Some(Window { arg, from: first, bytes: from.number32()? })
            })?;
            Role::Memory(Compared { words, apart })
        }
        b'c' => Role::Copy(read_row(from)?),
        _other => return None,
    })
}

fn read_row(from: &mut Reader<'_>) -> Option<Row> {
    let block = match from.index()? {
        0 => None,
        number => Some(Block::from_u32(number - 1)),
    };
    let start = from.number32()?;
    let fresh = match from.byte()? {
        0 => false,
        1 => true,
        _other => return None,
    };
    let mut last = 0_u32;
    let values = read_list(from, |from| {
        last = last.wrapping_add(from.number32()?);
        let value = Some(last).filter(|&number| number != u32::MAX)?;
        Some((Value::from_u32(value), read_known(from)?))
    })?;
    let bases = read_list(from, |from| Some((from.number32()?, from.number32()?)))?;
    let regs = read_list(from, |from| Some((from.number()?, read_known(from)?)))?;
    let stack = read_list(from, read_cell)?;
    let locals = read_list(from, |from| Some((from.number32()?, read_cell(from)?)))?;
    let known = read_list(from, |from| {
        let (arg, first) = (from.number32()?, from.number32()?);
        Some(Range { arg, from: first, to: from.number32()? })
    })?;
    Some(Row { block, start, values, bases, regs, stack, locals, fresh, known })
}

fn read_cell(from: &mut Reader<'_>) -> Option<Cell> {
    Some(Cell { address: read_known(from)?, value: read_known(from)? })
}

fn read_known(from: &mut Reader<'_>) -> Option<Known> {
    Some(match from.byte()? {
        b'#' => Known::Bits(from.number()?),
        b'+' => Known::Pointer { root: from.number32()?, offset: from.number32()? },
        b'p' => Known::Param(from.number32()?),
        _other => return None,
    })
}
