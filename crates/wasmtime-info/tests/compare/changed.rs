//! Sections, symbols and the Wasm, changed.

use crate::recorded::{RECORDED, Recorded, recorded};
use object::{Object, ObjectSection};
use prova_wasmtime_info::{IMAGE_BYTES_MAX, TABLE_ELEMENTS_MAX, WASM_BYTES_MAX, compare};
use prova_wasmtime_layout::Artifact;

/// The places in a section where some other byte is accepted too, and that byte.
fn accepted(file: &Recorded, section: &str) -> Vec<(usize, u8)> {
    let mut file = file.clone();
    let len = file.section(section).len();
    let mut accepted = Vec::new();
    for at in 0..len {
        let byte = file.section(section)[at];
        for other in [byte ^ 1, byte ^ 0x80, byte.wrapping_add(3), !byte] {
            file.section(section)[at] = other;
            let bytes = file.bytes();
            let artifact = Artifact::read(&bytes).ok();
            if artifact.is_some_and(|read| compare(&read, &bytes, &file.wasm).is_ok()) {
                accepted.push((at, other));
            }
        }
        file.section(section)[at] = byte;
    }
    accepted
}

/// Each byte of the compared sections counts, except whether a heap is needed: the compiler knows.
#[test]
fn every_byte_of_the_compared_sections_counts() {
    for (name, _) in RECORDED {
        let file = recorded(name);
        let found = accepted(&file, ".wasmtime.info");
        let others: Vec<u8> = found.iter().map(|(_, other)| *other).collect();
        // Only `thrown` throws: it needs a heap, which the translation does not know. That
        // `collected` needs one is known.
        match name {
            "collected" => assert_eq!(others, [], "{name}"),
            _ => assert_eq!(others, [u8::from(name != "thrown")], "{name}"),
        }
        for (at, other) in found {
            // What the file says is what the layout is derived with.
            let mut file = file.clone();
            file.section(".wasmtime.info")[at] = other;
            let bytes = file.bytes();
            let artifact = Artifact::read(&bytes).expect("a file");
            let compared = compare(&artifact, &bytes, &file.wasm).expect("it is accepted");
            assert_eq!(compared.counts.heap, other == 1, "{name}");
            let error = file.wrong(|file| file.section(".wasmtime.info")[at] = 2);
            assert!(error.ends_with("needs_gc_heap"), "{error}");
        }
        assert_eq!(accepted(&file, ".wasmtime.bti"), [], "{name}");
    }
    let mut file = recorded("plain");
    file.section(".rodata.wasm").truncate(0x1007);
    for section in [".rodata.wasm", ".name.wasm"] {
        let len = recorded("plain").section(section).len();
        for at in (0..len).step_by(len / 13 + 1) {
            let error = file.wrong(|file| file.section(section)[at] ^= 4);
            assert!(error.starts_with(&format!("{section} at {at:#x}:")), "{error}");
        }
        let error = file.wrong(|file| file.section(section).push(0));
        assert!(error.starts_with(section), "{error}");
        let error = file.wrong(|file| file.section(section).clear());
        assert!(error.starts_with(section), "{error}");
    }
    let error = file.wrong(|file| file.section(".wasmtime.info").push(0));
    assert!(error.ends_with("behind its end"), "{error}");
    let error = file.wrong(|file| file.sections.push((".wasmtime.dwarf".to_owned(), 1, vec![1])));
    assert!(error.starts_with(".wasmtime.dwarf"), "{error}");
}

/// Another Wasm than the compiled one: the field that differs is named.
#[test]
fn differences_are_named_by_their_field() {
    let plain = recorded("plain");
    let cases: [(&[u8], usize, &str); 6] = [
        // A memory of 1 to 4 pages, a table of 4 to 8 elements, a global that begins with 7.
        (&[5, 4, 1, 1, 1, 4], 5, "memories"),
        (&[4, 5, 1, 0x70, 1, 4, 8], 6, "tables"),
        (&[0x42, 7, 0x0b], 1, "global_initializers"),
        // Elements from 1 on; the function that is exported by a name, and that name.
        (&[0x41, 1, 0x0b, 0, 2, 1, 4], 1, "table_initialization"),
        (b"\x05twice\0\x01", 7, "exports"),
        (b"\x05twice\0\x01", 5, "strings"),
    ];
    for (bytes, at, field) in cases {
        let found = plain.wasm.windows(bytes.len()).position(|window| window == bytes);
        let found = found.unwrap_or_else(|| panic!("{field}: no such bytes"));
        let error = plain.wrong(|file| file.wasm[found + at] += 1);
        assert!(
            error.starts_with(".wasmtime.info at") && error.ends_with(field),
            "{error}: {field}"
        );
    }
}

/// Code that was checked is the code that is entered.
#[test]
fn functions_are_entered_where_their_symbols_are() {
    let plain = recorded("plain");
    let index = |name: &str| {
        let found = plain.symbols.iter().position(|(of, _, _)| of.starts_with(name));
        found.unwrap_or_else(|| panic!("{name}"))
    };
    let (twice, grow) = (index("wasm[0]::function[1]"), index("wasm[0]::function[2]"));
    // The lie of the one who writes the file: a symbol of code that is checked, and another place
    // of it in the table.
    let moved = |file: &mut Recorded| {
        file.section(".eh_frame").clear();
        file.symbols[grow].2 -= 1;
    };
    let error = plain.wrong(moved);
    assert!(error.ends_with("the table of functions"), "{error}");
    let error = plain.wrong(|file| {
        file.section(".eh_frame").clear();
        file.symbols[twice].1 += 1;
    });
    assert!(error.ends_with("the table of functions"), "{error}");
    // Symbols of two functions change places.
    let error = plain.wrong(|file| {
        let (one, other) = (file.symbols[twice].0.clone(), file.symbols[grow].0.clone());
        (file.symbols[twice].0, file.symbols[grow].0) = (other, one);
    });
    assert!(error.contains("lies before what it should follow"), "{error}");
    let cases: [(&str, Option<&str>, &str); 7] = [
        ("wasm[0]::array_to_wasm_trampoline[1]", None, "no code for ArrayToWasmTrampoline"),
        ("signatures[1]::wasm_to_array", None, "no code for WasmToArrayTrampoline"),
        ("module_start[0]::Array", None, "no code for ModuleStartup"),
        ("wasmtime_builtin_memory_grow", None, "the table of functions"),
        ("wasmtime_builtin_memory_grow", Some("wasmtime_builtin_mmap"), "names no code"),
        ("wasm[0]::function[1]", Some("wasm[0]::function[5]"), "names no code"),
        ("wasm[0]::function[1]", Some("wasm[0]::function[0]"), "names no code"),
    ];
    for (name, other, what) in cases {
        let error = plain.wrong(|file| {
            file.section(".eh_frame").clear();
            file.section(".wasmtime.exceptions").splice(.., [0; 8]);
            match other {
                Some(other) => file.symbols[index(name)].0 = other.to_owned(),
                None => drop(file.symbols.remove(index(name))),
            }
        });
        assert!(error.contains(what), "{name}: {error}");
    }
    let error = plain.wrong(|file| {
        file.symbols.clear();
        file.section(".eh_frame").clear();
        file.section(".wasmtime.exceptions").splice(.., [0; 8]);
        file.section(".wasmtime.traps").clear();
    });
    assert_eq!(error, ".symtab: it names no code at all: symbols were left out");
    let twin = "signatures[1]::wasm_to_array_trampoline".to_owned();
    let error = plain.wrong(|file| file.symbols[index("signatures[2]")].0 = twin);
    assert!(error.ends_with("is there twice"), "{error}");
}

/// A trap that Wasmtime does not find, or that is in no code.
#[test]
fn traps_are_found_by_wasmtime_and_lie_in_code() {
    let bare = recorded("bare");
    // One block with a trap in each function's end.
    let rows = [2, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0x20 << 1];
    let with = |data: &[u8]| {
        let mut file = bare.clone();
        file.section(".wasmtime.traps").splice(.., data.iter().copied());
        file
    };
    assert!(with(&rows).compared().is_ok());
    let mut between = rows;
    between[8] = 0x10;
    let error = with(&between).compared().expect_err("a difference").to_string();
    assert_eq!(error, ".wasmtime.traps: a trap at 0x10 of the text, in no code");
    // In a trampoline, which is code with a name.
    let mut other = rows;
    other[8] = 0x2a;
    other[18] = 1 << 1;
    assert!(with(&other).compared().is_ok());
    // 128 traps in one block, and an empty one that says that it begins there too: in a function of
    // 180 bytes.
    let plain = recorded("plain");
    assert!(plain.symbols.iter().any(|(_, start, len)| (*start, *len) == (0xa0, 180)));
    let mut hidden = vec![128, 0, 0, 0, 2, 0, 0, 0, 0xa0, 0, 0, 0, 0, 0, 0, 0];
    hidden.extend([0xa0, 0, 0, 0, 0, 0, 0, 0, 9, 0]);
    hidden.extend([1 << 1; 127]);
    let with = |data: Vec<u8>| plain.wrong(|file| *file.section(".wasmtime.traps") = data);
    let error = with(hidden.clone());
    assert_eq!(error, ".wasmtime.traps: the trap at 0xa0 of the text is not found by Wasmtime");
    // The same traps without it.
    hidden.drain(16..24);
    hidden[4] = 1;
    let mut file = plain.clone();
    *file.section(".wasmtime.traps") = hidden;
    assert!(file.compared().is_ok());
}

/// Places without a position, and positions before all code: a backtrace would stop the host.
#[test]
fn positions_are_those_of_code() {
    let bare = recorded("bare");
    let with = |data: &[u8]| {
        let mut file = bare.clone();
        *file.section(".wasmtime.addrmap") = data.to_vec();
        file.compared().map(drop).map_err(|error| error.to_string())
    };
    // Rows, blocks; where a block begins in the text and among the rows; rows: twice how far on,
    // and the position; or no position.
    let head = |rows: u8, blocks: u8| vec![rows, 0, 0, 0, blocks, 0, 0, 0];
    let block = |begin: u8, at: u8| vec![begin, 0, 0, 0, at, 0, 0, 0];
    let one = |begin: u8, rows: &[u8]| [&head(2, 1)[..], &block(begin, 0), rows].concat();
    assert_eq!(with(&[]), Ok(()));
    assert_eq!(with(&one(0, &[0, 0x18, 8, 1])), Ok(()));
    assert_eq!(with(&one(0, &[1, 8, 0x18])), Ok(()));
    let wrong = |data: &[u8], what: &str| {
        let error = with(data).expect_err("a difference");
        assert_eq!(error, format!(".wasmtime.addrmap: {what}"));
    };
    wrong(&[1], "not as long as it says");
    wrong(&one(0, &[0, 0x16, 8, 1]), "a position before all code, of 0x0 of the text");
    wrong(&one(1, &[0, 0x18, 8, 1]), "no position of 0x0 of the text");
    wrong(&one(0, &[2, 0x18, 8, 1]), "no position of 0x0 of the text");
    wrong(&head(0, 0), "no position of 0x0 of the text");
    // The second block is empty: it has no row, or they are behind the end.
    let rows: Vec<u8> = [0, 0x18].into_iter().chain([1; 127]).chain([0, 0x18]).collect();
    let two = |rows_count, (begin, at), second| {
        [&head(rows_count, 2)[..], &block(begin, 0), &block(second, at), &rows].concat()
    };
    assert_eq!(with(&two(129, (0, 129), 8)), Ok(()));
    wrong(&two(128, (0, 129), 8), "no position of 0x20 of the text");
    wrong(&two(129, (0, 131), 8), "no position of 0x20 of the text");
    wrong(&two(129, (8, 129), 0), "blocks that are out of order");
}

/// Handlers that Wasmtime would cut wrongly, that are in no code, or not there.
#[test]
fn handlers_are_a_cut_of_their_list_and_lie_in_code() {
    let bare = recorded("bare");
    // The reader of the file before refuses some of these too.
    let bytes = bare.bytes();
    let artifact = Artifact::read(&bytes).expect("a file that can be read");
    let with = |words: &[u32]| {
        let mut file = bare.clone();
        let bytes = words.iter().flat_map(|word| word.to_le_bytes());
        file.section(".wasmtime.exceptions").splice(.., bytes);
        compare(&artifact, &file.bytes(), &file.wasm)
            .map(|compared| compared.unchecked)
            .map_err(|error| error.to_string())
    };
    // Calls, handlers; offsets behind calls, frames, ends of ranges, tags, contexts, handlers.
    let none = u32::MAX;
    let two = [2, 1, 9, 0x29, 0, 0, 0, 1, none, none, 0x31];
    assert!(with(&two).is_ok());
    let with_change = |at: usize, word: u32| {
        let mut words = two;
        words[at] = word;
        with(&words).expect_err("a difference")
    };
    assert!(with_change(6, 2).ends_with("no cut of their list"));
    assert!(with_change(7, 0).ends_with("no cut of their list"));
    // In a trampoline out of Wasm, which Wasmtime's search may ask for.
    assert!(with_change(3, 0x30).ends_with("a call before 0x30 of the text, which has no handler"));
    assert!(with_change(2, 10).ends_with("a call before 0xa of the text, in no code"));
    assert!(with_change(2, 0).ends_with("a call before 0x0 of the text, in no code"));
    assert!(with(&[]).expect_err("a difference").ends_with("not as long as it says"));
    let error = bare.wrong(|file| file.sections.retain(|(of, _, _)| of != ".wasmtime.exceptions"));
    assert_eq!(error, ".wasmtime.exceptions: no such section");
}

/// A trampoline into Wasm goes on in itself, for every end of the call.
#[test]
fn handlers_of_trampolines_are_their_own() {
    let plain = recorded("plain");
    let data = plain.clone().section(".wasmtime.exceptions").clone();
    let word = |at: usize| u32::from_le_bytes(*data[at * 4..].first_chunk().expect("a word"));
    let (calls, handlers) = (word(0) as usize, word(1) as usize);
    assert_eq!((calls, handlers), (5, 5));
    let with_change = |at: usize, change: fn(u32) -> u32| {
        plain.wrong(|file| {
            let word = change(word(at)).to_le_bytes();
            file.section(".wasmtime.exceptions")[at * 4..at * 4 + 4].copy_from_slice(&word);
        })
    };
    let (tag, handler) = (2 + calls * 3, 2 + calls * 3 + handlers * 2);
    assert!(with_change(tag, |_| 0).ends_with("which has another handler than its own"));
    assert!(with_change(tag + handlers, |_| 0).ends_with("another handler than its own"));
    assert!(with_change(handler, |at| at + 157).ends_with("another handler than its own"));
    assert!(with_change(handler, |at| at - 157).ends_with("another handler than its own"));
    // Two handlers of one call, and none of the next.
    assert!(with_change(2 + calls * 2, |_| 2).ends_with("another handler than its own"));
}

/// The loader reads some files otherwise than other readers do.
#[test]
fn the_file_is_read_as_the_loader_reads_it() {
    let plain = recorded("plain");
    type Case = (fn(&mut Recorded), &'static str);
    let cases: [Case; 8] = [
        (|file| more(file, ".data", 1), ".data: a section that Wasmtime does not know"),
        (|file| more(file, ".wasmtime.frames", 1), ".wasmtime.frames: only debuggers"),
        (|file| more(file, ".wasmtime.wasm_bytecode", 1), "only debuggers"),
        (
            |file| {
                file.section(".eh_frame").clear();
                aligned(file, ".text", 16);
            },
            ".text: not at a page's beginning",
        ),
        (|file| aligned(file, ".rodata.wasm", 1), ".rodata.wasm: not at a page's beginning"),
        (|file| file.section(".wasmtime.bti")[0] = 1, ".wasmtime.bti: not one zero"),
        (|file| file.section(".wasmtime.bti").push(0), ".wasmtime.bti: not one zero"),
        (
            |file| file.sections.retain(|(of, _, _)| of != ".wasmtime.bti"),
            ".wasmtime.bti: no such section",
        ),
    ];
    for (change, what) in cases {
        let error = plain.wrong(change);
        assert!(error.contains(what), "{error}: {what}");
    }
    // Empty, these mean nothing.
    let mut file = plain.clone();
    for name in [".wasmtime.frames", ".wasmtime.stackmap", ".pdata"] {
        more(&mut file, name, 0);
    }
    let unchecked = file.compared().expect("an equal file");
    let named = |name: &str| unchecked.iter().any(|one| one.section == name);
    assert!(!named(".wasmtime.stackmap") && !named(".pdata"));
    more(&mut file, ".xdata", 4);
    let unchecked = file.compared().expect("an equal file");
    let named = |name: &str| unchecked.iter().any(|one| one.section == name && !one.only_confuses);
    assert!(named(".xdata"));
}

/// A stack map belongs to a call of a function.
#[test]
fn stack_maps_are_of_functions() {
    let plain = recorded("plain");
    let place = |name: &str| {
        let of = |(is, ..): &&(String, u64, u64)| is.starts_with(name);
        let (_, start, len) = plain.symbols.iter().find(of).expect("such code");
        u32::try_from(start + len).expect("a place")
    };
    let map = |behind: u32| {
        let mut file = plain.clone();
        more(&mut file, ".wasmtime.stackmap", 0);
        let words = [1, behind, 0, 0x20, 1, 1];
        let bytes = words.iter().flat_map(|word: &u32| word.to_le_bytes());
        file.section(".wasmtime.stackmap").extend(bytes);
        file
    };
    let at = place("wasm[0]::function[");
    assert!(map(at).compared().expect("an equal file").iter().all(|one| one.only_confuses));
    for other in [place("wasm[0]::array_to_wasm"), place("signatures[0]"), 0, u32::MAX] {
        let error = map(other).wrong(|_| ());
        assert!(error.starts_with(".wasmtime.stackmap: a call before"), "{error}");
    }
}

pub(crate) fn more(file: &mut Recorded, name: &str, bytes: usize) {
    file.sections.push((name.to_owned(), 1, vec![0; bytes]));
}

fn aligned(file: &mut Recorded, name: &str, align: u64) {
    for (of, aligned, _) in &mut file.sections {
        if of == name {
            *aligned = align;
        }
    }
}

/// The loader reads the first entry of the table of sections; other readers skip it, or take it
/// first where there are two of a name.
#[test]
fn the_first_section_has_no_name() {
    let plain = recorded("plain");
    let bytes = plain.bytes();
    let artifact = Artifact::read(&bytes).expect("a file that can be read");
    let table = u64::from_le_bytes(*bytes[0x28..].first_chunk().expect("a header"));
    let table = usize::try_from(table).expect("an offset");
    assert_eq!(bytes[table..table + 64], [0; 64]);
    // The name, then 8 bytes at 0x40.
    for (at, value) in [(0, 1), (32, 8)] {
        let mut changed = bytes.clone();
        changed[table + at] = value;
        let error = Artifact::read(&changed).expect_err("no reading").to_string();
        assert!(error.contains("first section is not empty"), "{error}");
        let error = compare(&artifact, &changed, &plain.wasm).expect_err("a difference");
        assert!(error.what.contains("first section is not empty"), "{error}");
    }
}

/// Where the first byte of a section's entry in the table of sections is.
fn entry(bytes: &[u8], name: &str) -> usize {
    let word = |at: usize| u64::from_le_bytes(*bytes[at..].first_chunk().expect("a word"));
    let table = usize::try_from(word(0x28)).expect("an offset");
    let file = object::File::parse(bytes).expect("a file");
    table + 64 * file.section_by_name(name).expect("such a section").index().0
}

/// Also where the reader of the file before overlooked it.
#[test]
fn nothing_is_left_to_the_other_reader() {
    let plain = recorded("plain");
    let bytes = plain.bytes();
    let artifact = Artifact::read(&bytes).expect("a file that can be read");
    let wrong = |artifact: &Artifact<'_>, bytes: &[u8]| {
        compare(artifact, bytes, &plain.wasm).expect_err("a difference").to_string()
    };
    let mut changed = bytes.clone();
    changed[5] = 2;
    assert!(wrong(&artifact, &changed).starts_with("the file: "));
    // Two sections of one name.
    let mut changed = bytes.clone();
    let (from, to) = (entry(&bytes, ".wasmtime.bti"), entry(&bytes, ".wasmtime.addrmap"));
    changed.copy_within(from..from + 4, to);
    assert_eq!(wrong(&artifact, &changed), "the file: two sections .wasmtime.bti");
    // Code that is not executed; other code.
    let mut changed = bytes.clone();
    changed[entry(&bytes, ".text") + 8] |= 1;
    assert!(wrong(&artifact, &changed).ends_with("or not executed"));
    let mut other = artifact.clone();
    other.text = &bytes[..64];
    assert!(wrong(&other, &bytes).ends_with("not the code that was checked"));
    // A list that is longer than it says, by a byte or a word.
    for more in [1, 4] {
        let mut changed = plain.clone();
        changed.section(".wasmtime.exceptions").extend(vec![0; more]);
        assert!(wrong(&artifact, &changed.bytes()).ends_with("not as long as it says"));
    }
}

/// The Wasm is validated, with its functions.
#[test]
fn wasm_that_is_not_valid_is_refused() {
    let bare = recorded("bare");
    for wat in
        ["(module (func) (func (result i32)))", "(module (func) (func) (export \"\" (func 2)))"]
    {
        let mut file = bare.clone();
        file.wasm = wat::parse_str(wat).expect("a module");
        let error = file.compared().expect_err("a difference");
        assert_eq!(error.section, "the Wasm", "{error}");
    }
    for wasm in [&b""[..], b"\0asm\x0d\0\x01\0", b"\0asm\x01\0\0\0\x0d\x01\0\x0d\x01\0"] {
        let mut file = bare.clone();
        file.wasm = wasm.to_vec();
        assert_eq!(file.compared().expect_err("a difference").section, "the Wasm");
    }
    let mut file = bare.clone();
    file.wasm = vec![0; WASM_BYTES_MAX + 1];
    assert_eq!(file.compared().expect_err("a difference").to_string(), "the Wasm: too long");
}

/// A setting that no file names says from which size on sparse data is no image: both forms are
/// ones that Wasmtime makes.
#[test]
fn sparse_data_may_be_an_image_or_not() {
    let segments = recorded("sparse");
    assert!(segments.compared().is_ok());
    assert_eq!(segments.clone().section(".rodata.wasm").len(), 9);
    let error = segments.wrong(|file| *file.section(".wasmtime.info").last_mut().unwrap() ^= 1);
    assert!(error.ends_with("the types of the module"), "{error}");
    let error = segments.wrong(|file| file.section(".rodata.wasm")[0] = b'F');
    assert!(error.starts_with(".rodata.wasm at 0x0"), "{error}");
}

/// Memory that a small module asks for is bounded.
#[test]
fn images_and_tables_are_bounded() {
    let mut bare = recorded("bare");
    let mut said = |memories: u64, tables: u64| {
        let mut wat = "(module (func) (func)".to_owned();
        for memory in 0..memories {
            wat.push_str(&format!("(memory {memory_pages})", memory_pages = 256));
            wat.push_str(&format!("(data (memory {memory}) (i32.const 0) \"a\")"));
            wat.push_str(&format!("(data (memory {memory}) (i32.const 0xffefff) \"a\")"));
        }
        for _ in 0..tables {
            wat.push_str("(table 0x100000 funcref)");
        }
        wat.push(')');
        bare.wasm = wat::parse_str(&wat).expect("a module");
        bare.compared().expect_err("another module").to_string()
    };
    let image = 0xff_f000;
    assert!(IMAGE_BYTES_MAX / image == 4 && TABLE_ELEMENTS_MAX == 16 << 20);
    assert!(said(5, 0).contains("memory images that are too large"));
    assert!(!said(4, 0).contains("the Wasm:"));
    assert!(said(0, 17).contains("tables that are too large"));
    assert!(!said(0, 16).contains("the Wasm:"));
}

/// Each byte of a file changed: nothing panics.
#[test]
fn changed_bytes_do_no_harm() {
    let plain = recorded("plain");
    let bytes = plain.bytes();
    let (mut read, mut changed) = (0, bytes.clone());
    for at in (0..bytes.len()).filter(|at| bytes[*at] != 0 || at % 61 == 0) {
        for value in [0, 0xff, bytes[at] ^ 1, bytes[at].wrapping_add(0x40)] {
            changed[at] = value;
            let artifact = Artifact::read(&changed);
            read += usize::from(artifact.is_ok());
            drop(artifact.map(|artifact| compare(&artifact, &changed, &plain.wasm)));
        }
        changed[at] = bytes[at];
    }
    assert!(read > 1000, "{read}");
    let mut wasm = plain.wasm.clone();
    let artifact = Artifact::read(&bytes).expect("a file that can be read");
    for at in 0..wasm.len() {
        for value in [0, 0xff, plain.wasm[at] ^ 1, plain.wasm[at].wrapping_add(0x40)] {
            wasm[at] = value;
            drop(compare(&artifact, &bytes, &wasm));
        }
        wasm[at] = plain.wasm[at];
    }
}
