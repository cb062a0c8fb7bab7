//! Debug information that was made to crash, stall or lie.

use crate::beside::{MODULES, bytes, decoded, operators};
use prova_module::Module;
use prova_symbols::{
    INLINED_MAX, NAME_BYTES_MAX, VARIABLES_MAX, Variable, symbols, variables_at, variables_in,
};

/// A module with one function and these custom sections.
fn module(sections: &[(&str, Vec<u8>)]) -> Module {
    let mut bytes = wat::parse_str("(module (func (drop (i32.const 1))))").expect("text");
    for (name, contents) in sections {
        let mut section = Vec::new();
        leb(&mut section, name.len() as u64);
        section.extend(name.as_bytes());
        section.extend(contents);
        bytes.push(0);
        leb(&mut bytes, section.len() as u64);
        bytes.extend(section);
    }
    decoded(bytes)
}

fn leb(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// A unit of DWARF 4 with these entries.
fn unit(entries: &[u8]) -> Vec<u8> {
    let mut unit = Vec::from((entries.len() as u32 + 7).to_le_bytes());
    unit.extend([4, 0, 0, 0, 0, 0, 4]);
    unit.extend(entries);
    unit
}

/// Gives no answer of more than its limits, and ends.
fn survives(module: &Module) {
    survives_at(module, &operators(module));
}

fn survives_at(module: &Module, offsets: &[u32]) {
    if let Some(offset) = offsets.first() {
        bounded(&variables_at(module, *offset));
        bounded(&variables_in(module, 0..u64::MAX));
    }
    symbols_survive(module, offsets);
}

fn symbols_survive(module: &Module, offsets: &[u32]) {
    for symbol in symbols(module, offsets) {
        assert!(symbol.len() <= INLINED_MAX);
        for symbol in symbol {
            assert!(symbol.name.is_none_or(|name| name.len() <= 3 * NAME_BYTES_MAX));
            assert!(symbol.file.is_none_or(|file| file.len() <= 3 * NAME_BYTES_MAX));
        }
    }
}

fn bounded(variables: &[Variable]) {
    assert!(variables.len() <= VARIABLES_MAX);
    for one in variables {
        let texts = [&one.name, &one.linkage, &one.function, &one.type_name, &one.file];
        assert!(texts.into_iter().flatten().all(|text| text.len() <= 3 * NAME_BYTES_MAX));
    }
}

/// Each byte of debug information of the modules, changed in turn, at several values.
#[test]
fn changed_bytes_neither_panic_nor_stall() {
    for name in MODULES {
        let whole = bytes(name);
        let sections = decoded(whole.clone());
        let ranges: Vec<_> = sections
            .custom_sections()
            .iter()
            .filter(|section| section.name.starts_with(".debug"))
            .map(|section| section.range.clone())
            .collect();
        let offsets = operators(&sections);
        let some: Vec<u32> = offsets.iter().copied().step_by(offsets.len() / 4).collect();
        for at in ranges.into_iter().flatten().step_by(3) {
            for value in [0, 0x7f, 0xff, whole[at] ^ 1] {
                let mut changed = whole.clone();
                changed[at] = value;
                survives_at(&decoded(changed), &some);
            }
        }
    }
}

/// Many units that share one large table of abbreviations, or one program of lines: the square of
/// the module's size.
#[test]
fn units_that_share_what_is_large_end_at_the_limit() {
    // A table of a megabyte, without an end before the last byte.
    let mut abbreviations = vec![1, 0x11, 0];
    abbreviations.extend([0x10, 0x17]);
    abbreviations.extend([0, 0]);
    for code in 2..250_000_u64 {
        leb(&mut abbreviations, code);
        abbreviations.extend([0x2e, 0, 0, 0]);
    }
    abbreviations.push(0);
    let units = unit(&[1, 0, 0, 0, 0, 0]).repeat(60_000);
    // A program of lines: a header of a megabyte of files.
    let mut header = vec![1, 1, 1, 0xfb, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1, 0];
    for _ in 0..200_000 {
        header.extend([b'f', 0, 0, 0, 0]);
    }
    header.push(0);
    let mut lines = Vec::from((header.len() as u32 + 6).to_le_bytes());
    lines.extend([4, 0]);
    lines.extend((header.len() as u32).to_le_bytes());
    lines.extend(&header);
    let survives = |module: Module| symbols_survive(&module, &operators(&module));
    survives(module(&[
        (".debug_info", units.clone()),
        (".debug_abbrev", abbreviations),
        (".debug_line", lines.clone()),
    ]));
    survives(module(&[
        (".debug_info", units),
        (".debug_abbrev", vec![1, 0x11, 0, 0x10, 0x17, 0, 0, 0]),
        (".debug_line", lines),
    ]));
}

/// Many functions that share one long list of ranges, and entries with many attributes of no bytes.
#[test]
fn entries_that_share_what_is_large_end_at_the_limit() {
    let mut abbreviations = vec![1, 0x11, 1, 0, 0, 2, 0x2e, 0, 0x55, 0x17, 0, 0, 3, 0x34, 0];
    for _ in 0..100_000 {
        // A flag that is present takes no bytes.
        abbreviations.extend([0x34, 0x19]);
    }
    abbreviations.extend([0, 0, 0]);
    let ranges: Vec<u8> = [[1_u32, 2].map(u32::to_le_bytes); 100_000].concat().concat();
    for entry in [&[2, 0, 0, 0, 0][..], &[3]] {
        let mut entries = vec![1];
        entries.extend(entry.repeat(200_000));
        survives(&module(&[
            (".debug_info", unit(&entries)),
            (".debug_abbrev", abbreviations.clone()),
            (".debug_ranges", ranges.clone()),
        ]));
    }
}

/// Lists of ranges and of locations that select addresses and have nothing else, and programs of
/// lines that make no row: they are passed at once, and once for each that shares them.
#[test]
fn what_has_no_items_ends_at_the_limit() {
    let selections: Vec<u8> = [[u32::MAX, 1].map(u32::to_le_bytes); 100_000].concat().concat();
    for (attribute, name, tag) in [(0x55, ".debug_ranges", 0x2e), (0x2, ".debug_loc", 0x34)] {
        let mut entries = vec![1];
        if tag == 0x34 {
            // Variables of a function around the operator.
            entries.extend([3, 1, 0, 0, 0, 5, 0, 0, 0]);
        }
        entries.extend([2, 0, 0, 0, 0].repeat(200_000));
        let abbreviations = [
            vec![1, 0x11, 1, 0, 0, 2, tag, 0, attribute, 0x17, 0, 0],
            vec![3, 0x2e, 1, 0x11, 1, 0x12, 6, 0, 0, 0],
        ];
        survives(&module(&[
            (".debug_info", unit(&entries)),
            (".debug_abbrev", abbreviations.concat()),
            (name, selections.clone()),
        ]));
    }
    let mut header = vec![1, 1, 1, 0xfb, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1, 0];
    header.push(0);
    // Statements that are negated.
    let program = vec![6; 1 << 20];
    let mut lines = Vec::from(((header.len() + program.len()) as u32 + 6).to_le_bytes());
    lines.extend([4, 0]);
    lines.extend((header.len() as u32).to_le_bytes());
    lines.extend([header, program].concat());
    survives(&module(&[
        (".debug_info", unit(&[1, 0, 0, 0, 0, 0]).repeat(60_000)),
        (".debug_abbrev", vec![1, 0x11, 0, 0x10, 0x17, 0, 0, 0]),
        (".debug_line", lines),
    ]));
}

/// Types that lead to themselves, to two of themselves, and through many pointers.
#[test]
fn types_end() {
    // A variable with the type behind it: 11 bytes of header, 1 of the unit, 11 of the variable.
    let variable = [2, 0x17, 0, 0, 0, 5, 0x3, 4, 0, 0, 0];
    let abbreviations = [
        vec![1, 0x11, 1, 0, 0, 2, 0x34, 0, 0x49, 0x13, 0x2, 0x18, 0, 0],
        vec![3, 0xf, 0, 0x49, 0x13, 0, 0, 4, 0x15, 1, 0x49, 0x13, 0, 0, 5, 5, 0, 0x49, 0x13, 0, 0],
        vec![0],
    ];
    let mut pointers = vec![1];
    pointers.extend(variable);
    for at in 0_u32..100_000 {
        pointers.push(3);
        pointers.extend((0x17 + 5 * (at + 1)).to_le_bytes());
    }
    let own = [&[1][..], &variable, &[3, 0x17, 0, 0, 0]].concat();
    let twice = [&[5, 0x17, 0, 0, 0][..]; 2].concat();
    let function = [&[1][..], &variable, &[4, 0x17, 0, 0, 0], &twice, &[0, 0]].concat();
    for entries in [pointers, own, function] {
        let module =
            module(&[(".debug_info", unit(&entries)), (".debug_abbrev", abbreviations.concat())]);
        survives(&module);
        let found = variables_in(&module, 4..5);
        assert!(found.len() == 1 && found[0].type_name.is_none(), "{found:?}");
    }
}

/// Linkers put a variable that they removed at one of the ends of memory.
#[test]
fn a_removed_variable_is_none() {
    let abbreviations = vec![1, 0x11, 1, 0, 0, 2, 0x34, 0, 0x2, 0x18, 0, 0, 0];
    let count = |address: u32| {
        let mut entries = vec![1, 2, 5, 0x3];
        entries.extend(address.to_le_bytes());
        entries.push(0);
        let sections = [(".debug_info", unit(&entries)), (".debug_abbrev", abbreviations.clone())];
        variables_in(&module(&sections), 0..u64::MAX).len()
    };
    assert_eq!([1, 0x400, u32::MAX - 2].map(count), [1; 3]);
    assert_eq!([0, u32::MAX - 1, u32::MAX].map(count), [0; 3]);
}

/// An entry that is its own origin, one inside another more often than anybody reads, and a name of
/// a megabyte.
#[test]
fn names_end() {
    let subprogram = |inner: &[u8], abbreviation: Vec<u8>| {
        let mut entries = vec![1];
        entries.extend(inner);
        survives(&module(&[
            (".debug_info", unit(&entries)),
            (".debug_abbrev", [vec![1, 0x11, 1, 0, 0], abbreviation].concat()),
        ]));
    };
    // A subprogram from 1 to 100, whose origin is itself (at 12 in its unit).
    let own = vec![2, 0x2e, 1, 0x11, 1, 0x12, 6, 0x31, 0x13, 0, 0, 0];
    subprogram(&[2, 1, 0, 0, 0, 100, 0, 0, 0, 12, 0, 0, 0], own);
    let inlined = vec![2, 0x1d, 1, 0x11, 1, 0x12, 6, 0, 0, 0];
    subprogram(&[2, 1, 0, 0, 0, 5, 0, 0, 0].repeat(100_000), inlined);
    let named = vec![2, 0x2e, 1, 0x11, 1, 0x12, 6, 0x3, 8, 0, 0, 0];
    let mut entry = vec![2, 1, 0, 0, 0, 5, 0, 0, 0];
    entry.extend(vec![b'n'; 1 << 20]);
    entry.push(0);
    subprogram(&entry, named);
}

/// Entries inside one another, each with the same long name, and units with the same long folder:
/// neither the names nor the ways to their ends are taken for each.
#[test]
fn a_shared_name_is_not_taken_for_each_entry() {
    let abbreviations = vec![
        1, 0x11, 1, 0, 0, 2, 0x1d, 1, 0x11, 1, 0x12, 6, 0x3, 0xe, 0, 0, 3, 0x11, 0, 0x1b, 0xe, 0,
        0, 0,
    ];
    let mut name = vec![b'n'; 1 << 20];
    name.push(0);
    let mut entries = vec![1];
    entries.extend([2, 1, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0].repeat(400_000));
    let nested = unit(&entries);
    let many = unit(&[3, 0, 0, 0, 0]).repeat(200_000);
    for info in [nested, many] {
        survives(&module(&[
            (".debug_info", info),
            (".debug_abbrev", abbreviations.clone()),
            (".debug_str", name.clone()),
        ]));
    }
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
        let kib: u64 = peak.trim().trim_end_matches(" kB").parse().expect("a number");
        assert!(kib < 1 << 20, "{kib} KiB");
    }
}

/// The module that the tests above change is read at all: a subprogram with a name, by hand.
#[test]
fn a_module_by_hand_has_a_symbol() {
    let abbreviations = vec![1, 0x11, 1, 0, 0, 2, 0x2e, 0, 0x11, 1, 0x12, 6, 0x3, 8, 0, 0, 0];
    let info = unit(&[1, 2, 1, 0, 0, 0, 6, 0, 0, 0, b'h', 0, 0]);
    let module = module(&[(".debug_info", info), (".debug_abbrev", abbreviations)]);
    let found = symbols(&module, &operators(&module));
    let name = found[0].first().and_then(|symbol| symbol.name.as_deref());
    assert_eq!(name, Some("h"), "{found:?}");
}
