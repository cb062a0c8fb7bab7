//! A module with a start function → the same module with that function as one more export.
//!
//! Prova runs a start function when it instantiates, in a call that cannot be suspended, and host
//! functions of this crate suspend (`call`). So a module that has both a start function and imports
//! is changed before Prova sees it: its start section goes, and its export section gets an entry.
//! `instance` calls the export at the same time as Prova would have called the start function, and
//! hides it.
//!
//! The rewriter trusts nothing: for bytes that are not the sections of a module it gives `None`,
//! and Prova refuses the original. `module` has Prova validate the original as well.
//!
//! What a program does is the same. Offsets in a backtrace are those of the changed module.

use std::collections::HashSet;

const HEADER: &[u8] = b"\0asm\x01\0\0\0";
const IMPORT_SECTION: u8 = 2;
const EXPORT_SECTION: u8 = 7;
const START_SECTION: u8 = 8;
const EXPORT_OF_FUNC: u8 = 0;

/// The changed module and the name of the export; `None` where nothing needs to change.
pub(crate) fn as_export(bytes: &[u8]) -> Option<(Vec<u8>, String)> {
    let sections = sections(bytes.strip_prefix(HEADER)?)?;
    let content =
        |id| sections.iter().find(|(section, _)| *section == id).map(|(_, content)| *content);
    content(IMPORT_SECTION)?;
    let func = Reader(content(START_SECTION)?).number()?;
    let (count, entries) = match content(EXPORT_SECTION) {
        Some(exports) => {
            let mut reader = Reader(exports);
            (reader.number()?, reader.0)
        }
        None => (0, &[][..]),
    };
    let name = free_name(count, entries)?;

    let mut exports = Vec::new();
    write_number(&mut exports, count.checked_add(1)?);
    exports.extend(entries);
    write_number(&mut exports, u32::try_from(name.len()).ok()?);
    exports.extend(name.as_bytes());
    exports.push(EXPORT_OF_FUNC);
    write_number(&mut exports, func);

    let has_exports = content(EXPORT_SECTION).is_some();
    let mut changed = HEADER.to_vec();
    for (id, content) in sections {
        match id {
            EXPORT_SECTION => write_section(&mut changed, EXPORT_SECTION, &exports)?,
            // In a valid module the export section stands directly before the start section.
            START_SECTION if !has_exports => {
                write_section(&mut changed, EXPORT_SECTION, &exports)?;
            }
            START_SECTION => {}
            other => write_section(&mut changed, other, content)?,
        }
    }
    Some((changed, name))
}

/// The id and content of each section.
fn sections(bytes: &[u8]) -> Option<Vec<(u8, &[u8])>> {
    let mut reader = Reader(bytes);
    let mut sections = Vec::new();
    while let Some(id) = reader.byte() {
        sections.push((id, reader.sized()?));
    }
    Some(sections)
}

/// A name that none of the exports has.
fn free_name(count: u32, entries: &[u8]) -> Option<String> {
    let mut reader = Reader(entries);
    let mut taken = HashSet::new();
    for _ in 0..count {
        taken.insert(reader.sized()?);
        reader.byte()?;
        reader.number()?;
    }
    let names = (0..=count).map(|at| format!("start function {at}"));
    names.into_iter().find(|name| !taken.contains(name.as_bytes()))
}

/// The bytes that are left.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    /// A number in LEB128 of at most 32 bits.
    fn number(&mut self) -> Option<u32> {
        let mut number = 0u64;
        for shift in (0..35).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return u32::try_from(number).ok();
            }
        }
        None
    }

    /// A number, and as many bytes.
    fn sized(&mut self) -> Option<&'a [u8]> {
        let len = self.number()?;
        let (bytes, rest) = self.0.split_at_checked(usize::try_from(len).ok()?)?;
        self.0 = rest;
        Some(bytes)
    }
}

fn write_number(out: &mut Vec<u8>, mut number: u32) {
    while number > 0x7f {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn write_section(out: &mut Vec<u8>, id: u8, content: &[u8]) -> Option<()> {
    out.push(id);
    write_number(out, u32::try_from(content.len()).ok()?);
    out.extend(content);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(text: &str) -> Option<(Vec<u8>, String)> {
        as_export(&wat::parse_str(text).expect("valid text"))
    }

    #[test]
    fn the_start_function_becomes_an_export() {
        for (exports, name) in [
            ("", "start function 0"),
            ("(export \"f\" (func 1))", "start function 0"),
            ("(export \"start function 0\" (func 1))", "start function 1"),
        ] {
            let text = format!("(module (import \"a\" \"b\" (func)) (func) (start 1) {exports})");
            let (bytes, found) = changed(&text).expect("it has a start function and an import");
            assert_eq!(found, name);
            let module = prova::Module::from_binary(&prova::Engine::default(), &bytes);
            let module = module.expect("it is still valid");
            assert!(module.get_export(name).is_some());
            assert_eq!(module.wasm().start(), None);
        }
    }

    #[test]
    fn a_module_that_cannot_call_the_host_stays() {
        assert_eq!(changed("(module (func) (start 0))"), None);
        assert_eq!(changed("(module (import \"a\" \"b\" (func)))"), None);
    }

    #[test]
    fn nothing_but_a_module_is_changed() {
        let text = "(module (import \"a\" \"b\" (func)) (func) (start 1) (export \"f\" (func 1)))";
        let bytes = wat::parse_str(text).expect("valid text");
        for end in 0..bytes.len() {
            as_export(&bytes[..end]);
        }
        for at in 0..bytes.len() {
            for byte in [0, 0x7f, 0x80, 0xff] {
                let mut damaged = bytes.clone();
                damaged[at] = byte;
                as_export(&damaged);
            }
        }
    }
}
