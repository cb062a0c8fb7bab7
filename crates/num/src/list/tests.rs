//! Green says: list and families name the same operators, with the same types. It does not say that
//! a row's mnemonic is spelt like the instruction, nor that every instruction of WebAssembly is
//! here; the decoders above notice those.

use std::collections::BTreeSet;

use crate::NumError;

macro_rules! names_and_types {
    ($(($name:ident ($($operand:ident: $type:ty),*) -> $result:ty))*) => {{
        $(let _: fn($($type),*) -> $result = crate::$name;)*
        [$(stringify!($name)),*]
    }};
}

#[test]
fn the_list_names_every_operator_once() {
    let listed = for_each_num!(names_and_types);
    let defined: Vec<&str> = [
        crate::integer::NAMES,
        crate::float::NAMES,
        crate::conversion::NAMES,
        crate::wide::NAMES,
        crate::memory::NAMES,
        crate::vector_integer::NAMES,
        crate::vector_float::NAMES,
        crate::vector_lane::NAMES,
        crate::relaxed::NAMES,
    ]
    .concat();
    assert_eq!(listed.len(), listed.iter().collect::<BTreeSet<_>>().len(), "a row is listed twice");
    assert_eq!(listed.to_vec(), defined, "list and families differ");
}

/// Operators come from rows, so no source defines a public function beside them.
#[test]
fn no_public_function_escapes_the_rows() {
    let sources = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    let mut seen = 0;
    for entry in std::fs::read_dir(sources).expect("the sources are beside the manifest") {
        let path = entry.expect("a readable directory").path();
        if path.extension().is_none_or(|extension| extension != "rs")
            || path.ends_with("operators.rs")
        {
            continue;
        }
        seen += 1;
        let text = std::fs::read_to_string(&path).expect("a readable source");
        assert!(
            !text.lines().any(|line| line.trim_start().starts_with("pub fn ")),
            "{} has a pub fn",
            path.display()
        );
    }
    assert!(seen >= 15, "only {seen} sources were read");
}
