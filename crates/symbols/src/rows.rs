//! A place in a unit → file, line and column.

use crate::find::{Info, Slice, Unit, Wanted, inside};
use crate::functions::Call;
use crate::{NAME_BYTES_MAX, Symbol};
use gimli::{AttributeValue, FileEntry, LineProgramHeader};
use std::collections::HashMap;

/// A row of the table of lines: address, file, line, column.
type Row = (u64, u64, Option<u32>, Option<u32>);

/// The lines of places sorted by address: of each the last row at it or before it, in a sequence
/// that begins in its function.
pub(crate) fn lines<'m>(
    info: &mut Info<'m>,
    unit: &Unit<'m>,
    places: &[Wanted],
) -> Vec<Option<Symbol>> {
    let mut found: Vec<Option<Row>> = vec![None; places.len()];
    // What ended early has what came before.
    let _ = read(info, unit, places, &mut found);
    let mut files = HashMap::new();
    let lines = found.into_iter().map(|row| {
        let (_, file, line, column) = row?;
        let file = files.entry(file).or_insert_with(|| file_name(info, unit, file)).clone();
        // Line 0 is code that no line is to be named for.
        let column = column.filter(|_| line.is_some());
        Some(Symbol { name: None, file, line, column })
    });
    lines.collect()
}

/// Reads rows until each place has its own.
fn read<'m>(
    info: &mut Info<'m>,
    unit: &Unit<'m>,
    places: &[Wanted],
    found: &mut [Option<Row>],
) -> Option<()> {
    let program = unit.line_program.clone()?;
    // An instruction has a byte, and not each makes a row.
    info.work.take(program.header().raw_program_buf().len() as u64)?;
    let mut rows = program.rows();
    let (mut before, mut left) = (None::<Row>, places.len());
    while left > 0 {
        let (_, row) = rows.next_row().ok()??;
        info.work.take(1)?;
        if let Some(last) = before {
            let here = inside(places, &(last.0..row.address()));
            info.work.take(here.len() as u64)?;
            for (place, found) in places[here.clone()].iter().zip(&mut found[here]) {
                if found.is_none() && last.0 >= place.body.start {
                    *found = Some(last);
                    left -= 1;
                }
            }
        }
        let line = row.line().and_then(|line| u32::try_from(line.get()).ok());
        let column = match row.column() {
            gimli::ColumnType::LeftEdge => None,
            gimli::ColumnType::Column(column) => u32::try_from(column.get()).ok(),
        };
        before = (!row.end_sequence()).then_some((row.address(), row.file_index(), line, column));
    }
    Some(())
}

/// Where an inlined function was called.
pub(crate) fn called_from<'m>(info: &mut Info<'m>, unit: &Unit<'m>, call: &Call) -> Option<Symbol> {
    let file = call.file.and_then(|file| file_name(info, unit, file));
    let some = |number: Option<u32>| number.filter(|&number| number > 0);
    Some(Symbol { name: None, file, line: some(call.line), column: some(call.column) })
}

/// The path of a file by its number, which is absolute where the folders are.
pub(crate) fn file_name<'m>(info: &mut Info<'m>, unit: &Unit<'m>, file: u64) -> Option<String> {
    let header = unit.line_program.as_ref()?.header();
    let entry: &FileEntry<Slice<'m>> = header.file(file)?;
    let mut path = String::new();
    if let Some(folder) = unit.comp_dir {
        push(&mut path, &String::from_utf8_lossy(cut(folder.slice())));
    }
    if let Some(folder) = directory(header, entry) {
        push(&mut path, &info.string(unit, folder)?);
    }
    push(&mut path, &info.string(unit, entry.path_name())?);
    Some(path)
}

/// The folder of a file; number 0 is the unit's own, which is there already.
fn directory<'m>(
    header: &LineProgramHeader<Slice<'m>>,
    entry: &FileEntry<Slice<'m>>,
) -> Option<AttributeValue<Slice<'m>>> {
    if entry.directory_index() == 0 {
        return None;
    }
    entry.directory(header)
}

/// Goes on in a path: an absolute piece stands alone.
fn push(path: &mut String, piece: &str) {
    let drive = piece.get(1..3).is_some_and(|drive| drive == ":\\");
    if piece.starts_with('/') || drive {
        path.clear();
    } else if !path.is_empty() && !path.ends_with('/') {
        path.push('/');
    }
    path.push_str(piece);
    let mut end = path.len().min(NAME_BYTES_MAX);
    while !path.is_char_boundary(end) {
        end -= 1;
    }
    path.truncate(end);
}

fn cut(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(NAME_BYTES_MAX)]
}
