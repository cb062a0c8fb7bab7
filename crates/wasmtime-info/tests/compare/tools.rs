//! Parts that the host hands to debuggers and profilers: where it would stop for a place outside.

use crate::changed::more;
use crate::recorded::{Recorded, Relocated, recorded};
use crate::settings::with;
use object::LittleEndian as LE;
use object::RelocationKind::{self, Absolute, Relative};
use object::elf::{FileHeader64, SHT_NOBITS, SectionHeader64};
use object::read::elf::{FileHeader, SectionHeader};

/// A file with native debugging, or without, and two sections for it.
fn debugged(native: bool) -> Recorded {
    let mut file = with(|all| all.tunables.debug_native = native);
    for name in [".debug_info", ".debug_str"] {
        more(&mut file, name, 64);
    }
    file
}

/// A file says that it has sections for debuggers, or it has none.
#[test]
fn sections_for_debuggers_are_those_of_the_settings() {
    let named: Vec<_> = debugged(true).compared().expect("an equal file");
    let named = |name: &str| named.iter().any(|one| one.section == name && one.only_confuses);
    assert!(named(".debug_info") && named(".debug_str"));
    for (name, bytes) in [(".debug_info", 64), (".debug_info", 0), (".rela.debug_line", 1)] {
        let error = recorded("plain").wrong(|file| more(file, name, bytes));
        assert_eq!(error, format!("{name}: for debuggers, which the settings do not ask for"));
    }
    // Who asks for them need not get any: the Wasm may have no code.
    assert!(with(|all| all.tunables.debug_native = true).compared().is_ok());
}

/// The host writes to the places of relocations in a copy of the file.
#[test]
fn relocations_stay_in_their_section() {
    let row = |section, at, (bits, kind), to| Relocated { section, at, bits, kind, to };
    let (long, short) = ((64, Absolute), (32, Absolute));
    type Row = (&'static str, u64, (u8, RelocationKind), &'static str);
    let accepted: [Row; 4] = [
        (".debug_info", 0, long, ".text"),
        (".debug_info", 56, long, ".text"),
        (".debug_info", 60, short, ".debug_str"),
        (".debug_str", 0, short, ".debug_info"),
    ];
    let refused: [Row; 11] = [
        (".debug_info", 57, long, ".text"),
        (".debug_info", 61, short, ".debug_str"),
        (".debug_info", 64, long, ".text"),
        (".debug_info", 0x7fff_ffff, long, ".text"),
        (".debug_info", u64::MAX, long, ".text"),
        (".debug_info", u64::MAX - 7, long, ".text"),
        // Other kinds and targets.
        (".debug_info", 0, (32, Relative), ".debug_str"),
        (".debug_info", 0, long, ".debug_str"),
        (".debug_info", 0, short, ".text"),
        // Other sections.
        (".text", 0, long, ".text"),
        (".rodata.wasm", 0, long, ".text"),
    ];
    for (section, at, how, to) in accepted {
        let mut file = debugged(true);
        file.relocations.push(row(section, at, how, to));
        file.compared().unwrap_or_else(|error| panic!("{section} {at} {to}: {error}"));
    }
    for (section, at, how, to) in refused {
        let error = debugged(true).wrong(|file| file.relocations.push(row(section, at, how, to)));
        let what = format!("{section}: a relocation of {at:#x}, which is none of Wasmtime's");
        assert_eq!(error, what, "{to}");
    }
}

/// The file, with another entry of a section in the table of sections.
fn entered(file: &Recorded, name: &str, change: impl Fn(&mut SectionHeader64<LE>)) -> Vec<u8> {
    let mut bytes = file.bytes();
    let header = FileHeader64::<LE>::parse(&*bytes).expect("a file");
    let table = header.sections(LE, &*bytes).expect("a table");
    let (index, _) = table.section_by_name(LE, name.as_bytes()).expect("a section");
    let at = header.e_shoff.get(LE) as usize + index.0 * size_of::<SectionHeader64<LE>>();
    change(object::from_bytes_mut(&mut bytes[at..]).expect("an entry").0);
    bytes
}

/// The host reads the copy that it has changed.
#[test]
fn relocations_change_no_other_part_of_the_file() {
    let mut file = debugged(true);
    let row = |section, to| Relocated { section, at: 0, bits: 64, kind: Absolute, to };
    file.relocations.push(row(".debug_info", ".text"));
    let bytes = file.bytes();
    let header = FileHeader64::<LE>::parse(&*bytes).expect("a file");
    let table = header.sections(LE, &*bytes).expect("a table");
    let of = |name: &str| table.section_by_name(LE, name.as_bytes()).expect("a section").1;
    let end = |name: &str| of(name).sh_offset(LE) + of(name).sh_size(LE);
    let own = of(".debug_info").sh_offset(LE);
    let table = (header.e_shoff.get(LE), bytes.len() as u64);
    let shared = [0, 63, table.0 - 63, table.1 - 64, end(".shstrtab") - 1, end(".symtab") - 1];
    let at = |name: &str, place| {
        let bytes = entered(&file, name, |entry| entry.sh_offset.set(LE, place));
        file.compared_as(&bytes).map_err(|error| error.to_string())
    };
    assert!(at(".debug_info", own).is_ok());
    let what = ".debug_info: relocations of bytes that are another part of the file";
    for place in shared {
        assert_eq!(at(".debug_info", place), Err(what.to_owned()), "{place:#x}");
    }
    assert_eq!(at(".debug_str", own), Err(what.to_owned()));
    // Nobody writes to the other one.
    assert!(at(".debug_str", 0).is_ok());
}

/// The host looks for the text in the file.
#[test]
fn the_text_beside_sections_for_debuggers_is_in_the_file() {
    let judged = |native: bool| {
        let mut file = debugged(native);
        if !native {
            file.sections.truncate(file.sections.len() - 2);
        }
        file.section(".text").clear();
        file.symbols.clear();
        // Places in the text.
        file.sections.retain(|(name, _, _)| !name.ends_with(".traps"));
        let bytes = entered(&file, ".text", |entry| entry.sh_type.set(LE, SHT_NOBITS));
        file.compared_as(&bytes).map_err(|error| error.to_string())
    };
    assert_eq!(judged(true), Err(".text: without bytes in the file".to_owned()));
    // Without, such a file is only wrong as others are.
    assert_ne!(judged(false), Err(".text: without bytes in the file".to_owned()));
}

/// A profiler cuts code out of the first section of code by the places of symbols.
#[test]
fn code_is_in_the_text_alone() {
    let plain = recorded("plain");
    let error = plain.wrong(|file| file.code.push(".wasmtime.bti"));
    assert_eq!(error, ".wasmtime.bti: a section of code beside the text");
    // A name that the reader of symbols passes over, since it is in another section.
    let mut other = plain.clone();
    other.symbols = vec![("evil".to_owned(), 0x7fff_ffff, 16)];
    other.symbols_of = ".wasmtime.bti";
    let error = other.wrong(|_| ());
    assert_eq!(error, ".symtab: evil is code outside of the text");
}
