//! A place in a unit → file, line and column.

use crate::find::{Info, Slice, Unit, Wanted};
use crate::functions::Call;
use crate::{NAME_BYTES_MAX, Symbol};
use gimli::{AttributeValue, FileEntry, LineProgramHeader};

/// A row of the table of lines: address, file, line, column.
type Row = (u64, u64, Option<u32>, Option<u32>);

/// The line of a place: the last row at it or before it, in a sequence that begins in its function.
pub(crate) fn line<'m>(info: &mut Info<'m>, unit: &Unit<'m>, place: &Wanted) -> Option<Symbol> {
    let mut rows = unit.line_program.clone()?.rows();
    let mut before: Option<Row> = None;
    let mut found = None;
    while let Ok(Some((_, row))) = rows.next_row() {
        info.work.take(1)?;
        if let Some(last) = before
            && (last.0..row.address()).contains(&place.address)
            && last.0 >= place.body.start
        {
            found = Some(last);
            break;
        }
        let line = row.line().and_then(|line| u32::try_from(line.get()).ok());
        let column = match row.column() {
            gimli::ColumnType::LeftEdge => None,
            gimli::ColumnType::Column(column) => u32::try_from(column.get()).ok(),
        };
        before = (!row.end_sequence()).then_some((row.address(), row.file_index(), line, column));
    }
    let (_, file, line, column) = found?;
    // Line 0 is code that no line is to be named for.
    let column = column.filter(|_| line.is_some());
    Some(Symbol { name: None, file: file_name(info, unit, file), line, column })
}

/// Where an inlined function was called.
pub(crate) fn called_from<'m>(info: &mut Info<'m>, unit: &Unit<'m>, call: &Call) -> Option<Symbol> {
    let file = call.file.and_then(|file| file_name(info, unit, file));
    let some = |number: Option<u32>| number.filter(|&number| number > 0);
    Some(Symbol { name: None, file, line: some(call.line), column: some(call.column) })
}

/// The path of a file by its number, which is absolute where the folders are.
fn file_name<'m>(info: &mut Info<'m>, unit: &Unit<'m>, file: u64) -> Option<String> {
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
