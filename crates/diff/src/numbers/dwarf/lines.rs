//! Tables of lines of both sides → pairs of their addresses and files, row by row.
//!
//! The format: DWARF 4 and 5, 6.2. In version 5 names of files may stand in `.debug_str` or
//! `.debug_line_str`.

use super::abbreviation::{Lines, Spent, Strings};
use super::pairs::{Pairs, Part, Unread, What};
use super::read::{Slice, Value};
use gimli::{AttributeValue, IncompleteLineProgram};

type Table<'m> = IncompleteLineProgram<Slice<'m>>;

fn malformed(_: gimli::Error) -> Unread {
    "malformed debug information"
}

/// The tables of one side, with `.debug_line_str` and `.debug_str`.
pub(super) struct Side<'s, 'm> {
    pub(super) lines: &'s Lines<'m>,
    pub(super) line_strings: &'s mut Strings<'m>,
    pub(super) strings: &'s mut Strings<'m>,
}

/// Compares the tables of both sides in order: headers, files and rows.
pub(super) fn lines<'m>(
    found: &mut Pairs<'m>,
    (mut a, mut b): (Side<'_, 'm>, Side<'_, 'm>),
    spent: &mut Spent,
) -> Result<(), Unread> {
    if a.lines.tables.len() != b.lines.tables.len() {
        return Err("other tables of lines");
    }
    for (x, y) in a.lines.tables.iter().zip(&b.lines.tables) {
        table(found, (x, y), (&mut a, &mut b), spent)?;
    }
    Ok(())
}

/// The text of a value, and the section it is in.
fn text<'m>(
    value: Value<'m>,
    side: &mut Side<'_, 'm>,
    spent: &mut Spent,
) -> Result<(Part, &'m [u8]), Unread> {
    match value {
        AttributeValue::String(text) => {
            spent.spend(text.len())?;
            Ok((Part::Line, text.slice()))
        }
        AttributeValue::DebugLineStrRef(at) => {
            Ok((Part::LineStr, side.line_strings.get(at.0, spent)?))
        }
        AttributeValue::DebugStrRef(at) => Ok((Part::Str, side.strings.get(at.0, spent)?)),
        _ => Err("names of files in another section"),
    }
}

fn table<'m>(
    found: &mut Pairs<'m>,
    (a, b): (&Table<'m>, &Table<'m>),
    (side_a, side_b): (&mut Side<'_, 'm>, &mut Side<'_, 'm>),
    spent: &mut Spent,
) -> Result<(), Unread> {
    let (x, y) = (a.header(), b.header());
    let same = (x.encoding(), x.line_encoding(), x.opcode_base(), x.address_size())
        == (y.encoding(), y.line_encoding(), y.opcode_base(), y.address_size())
        && x.standard_opcode_lengths() == y.standard_opcode_lengths()
        && x.directory_entry_format() == y.directory_entry_format()
        && x.file_name_entry_format() == y.file_name_entry_format()
        && x.include_directories().len() == y.include_directories().len()
        && x.file_names().len() == y.file_names().len();
    if !same {
        return Err("other headers of tables of lines");
    }
    let mut path = |x: Value<'m>, y: Value<'m>| {
        let (a, b) = (text(x, side_a, spent)?, text(y, side_b, spent)?);
        if a.0 != b.0 {
            return Err("names of files in other sections");
        }
        // The offset of the string is only a number.
        found.offset(Part::Line, usize::from(x != y), 0);
        found.text(a.0, What::Path, a.1, b.1);
        Ok(())
    };
    for (x, y) in x.include_directories().iter().zip(y.include_directories()) {
        path(*x, *y)?;
    }
    for (x, y) in x.file_names().iter().zip(y.file_names()) {
        let numbers = |file: &gimli::FileEntry<Slice<'m>>| {
            (file.directory_index(), file.timestamp(), file.size(), *file.md5())
        };
        if numbers(x) != numbers(y) {
            return Err("other directories, times, sizes or contents of files");
        }
        path(x.path_name(), y.path_name())?;
        match (x.source(), y.source()) {
            (None, None) => {}
            _ => return Err("sources of files"),
        }
    }
    let (mut rows_a, mut rows_b) = (a.clone().rows(), b.clone().rows());
    loop {
        spent.spend(1)?;
        let (row_a, row_b) =
            (rows_a.next_row().map_err(malformed)?, rows_b.next_row().map_err(malformed)?);
        match (row_a, row_b) {
            (None, None) => return Ok(()),
            (Some((_, x)), Some((_, y))) => {
                found.code(Part::Line, x.address(), y.address());
                if row(x) != row(y) {
                    return Err("other rows of lines");
                }
            }
            _ => return Err("other rows of lines"),
        }
    }
}

/// All of a row but its address.
fn row(row: &gimli::LineRow) -> impl PartialEq + use<> {
    let place = (row.file_index(), row.line(), row.column(), row.op_index());
    let flags = (row.is_stmt(), row.basic_block(), row.end_sequence());
    let edges = (row.prologue_end(), row.epilogue_begin(), row.isa(), row.discriminator());
    (place, flags, edges)
}
