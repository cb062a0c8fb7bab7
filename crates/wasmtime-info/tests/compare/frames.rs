//! Descriptions of frames, changed.

use crate::recorded::recorded;

const SECTION: &str = ".eh_frame";
/// Where the first entry behind the common one begins, and its instructions.
const FIRST: usize = 24;
const STEPS: usize = FIRST + 25;

/// The two functions of `bare` push the frame pointer, then set it.
#[test]
fn descriptions_have_the_form_that_wasmtime_writes() {
    let bare = recorded("bare");
    let data = bare.clone().section(SECTION).clone();
    assert_eq!(data[STEPS..STEPS + 9], [0x41, 0x0e, 0x10, 0x86, 2, 0x43, 0x0d, 6, 0]);
    type Case<'a> = (usize, &'a [u8], &'a str);
    let cases: [Case<'_>; 25] = [
        // U1: a personality, another encoding of addresses.
        (9, b"P", "not the common entry"),
        (16, &[0], "not the common entry"),
        // U2: another common entry, place or length; data of the entry's own.
        (FIRST + 4, &[0], "of another common one"),
        (FIRST + 8, &[1], "a range that is no code's"),
        (FIRST + 11, &[0], "a range that is no code's"),
        (FIRST + 16, &[1], "a range that is no code's"),
        (FIRST + 19, &[1], "a range that is no code's"),
        (FIRST + 24, &[1], "data of an entry"),
        (FIRST, &[19], "an entry that is cut"),
        (FIRST + 1, &[0x40], "an entry that is cut"),
        // U3: expressions for the frame and for a register, a value, a remembered state.
        (STEPS + 1, &[0x0f, 1, 0], "has no rule"),
        (STEPS + 3, &[0x10, 1], "has no rule"),
        (STEPS + 3, &[0x14, 1], "has no rule"),
        (STEPS + 8, &[0x0a], "has no rule"),
        // Another size, another register, its place; the frame set twice.
        (STEPS + 2, &[0x11], "another size"),
        (STEPS + 7, &[7], "from another register"),
        (STEPS + 4, &[1], "saved where none is"),
        (STEPS + 3, &[0x87, 3], "saved where none is"),
        (STEPS + 3, &[0x90, 3], "saved where none is"),
        (STEPS + 3, &[0xbf, 3], "saved where none is"),
        (STEPS + 8, &[0x0d, 6], "has no rule"),
        // Pushed twice; set, or another register saved, without that.
        (STEPS + 5, &[0x0e, 0x10, 0], "has no rule"),
        (STEPS + 1, &[0x0d, 6, 0, 0, 0, 0, 0], "has no rule"),
        (STEPS, &[0x8c, 3, 0, 0, 0, 0, 0, 0], "saved where none is"),
        // A step that is cut.
        (STEPS + 8, &[0, 0, 0, 0, 0, 0, 4], "is cut"),
    ];
    for (at, bytes, what) in cases {
        let error = bare.wrong(|file| {
            file.section(SECTION)[at..at + bytes.len()].copy_from_slice(bytes);
        });
        assert!(error.starts_with(SECTION) && error.contains(what), "{error}: {what}");
    }
    // Other registers lie in the frame: `r12` 24 bytes below.
    let mut saved = bare.clone();
    saved.section(SECTION)[STEPS + 8..STEPS + 11].copy_from_slice(&[0x42, 0x8c, 3]);
    assert!(saved.compared().is_ok());
    let error = saved.wrong(|file| file.section(SECTION)[STEPS + 10] = 2);
    assert!(error.contains("saved where none is"), "{error}");
}

#[test]
fn descriptions_are_of_code_in_order_and_end() {
    let bare = recorded("bare");
    let data = bare.clone().section(SECTION).clone();
    let len = 4 + usize::from(data[FIRST]);
    // Twice of one function, without the end, with more behind it.
    let twice = |data: &mut Vec<u8>| {
        let mut entry = data[FIRST..FIRST + len].to_vec();
        entry[4] += u8::try_from(len).expect("a short entry");
        let place = u64::from_le_bytes(*entry[8..].first_chunk().expect("a place"));
        entry[8..16].copy_from_slice(&(place.wrapping_sub(len as u64)).to_le_bytes());
        data.splice(FIRST + len..FIRST + 2 * len, entry);
    };
    let error = bare.wrong(|file| twice(file.section(SECTION)));
    assert!(error.ends_with("out of order"), "{error}");
    let error = bare.wrong(|file| file.section(SECTION).truncate(data.len() - 4));
    assert!(error.ends_with("no entry ends the list"), "{error}");
    let error = bare.wrong(|file| file.section(SECTION).push(0));
    assert!(error.ends_with("bytes behind the end"), "{error}");
    let error = bare.wrong(|file| file.section(SECTION).truncate(20));
    assert!(error.contains("not the common entry"), "{error}");
    // Only the common entry; at another place than a page's beginning.
    let error = bare.wrong(|file| {
        file.section(SECTION).splice(FIRST.., [0; 4]);
    });
    assert_eq!(error, format!("{SECTION} at 0x18: no entry of any code"));
    let error = bare.wrong(|file| file.section(".text").extend([0; 16]));
    assert!(error.contains("not at a page's beginning"), "{error}");
    // None at all.
    let mut none = bare.clone();
    none.section(SECTION).clear();
    let unchecked = none.compared().expect("an equal file");
    assert!(unchecked.iter().all(|one| one.section != SECTION));
}
