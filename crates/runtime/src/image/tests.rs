//! G1 and G2, by modules that have images and their twins that have none.

use super::{HOLES_BYTES_MAX, images};
use crate::limits::Limits;
use crate::memory::Memory;
use prova_module::{Features, MemoryIdx, Module, Proposal};

fn module(text: &str) -> Module {
    let wasm = wat::parse_str(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let features = Features::default().with(Proposal::Memory64).with(Proposal::CustomPageSizes);
    Module::decode(wasm, &features, &prova_module::Limits::default()).unwrap()
}

/// The first bytes of a memory with its image.
fn mapped(text: &str, memory: u32) -> Option<Vec<u8>> {
    let module = module(text);
    let images = images(&module, 0)?;
    let ty = *module.memory(MemoryIdx(memory)).unwrap();
    let mut memory_of = Memory::new(ty, &Limits::default()).unwrap();
    if let Some(image) = &images[memory as usize] {
        assert!(image.map(&mut memory_of));
    }
    let bytes = memory_of.data();
    let end = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |at| at + 1);
    Some(bytes[..end].to_vec())
}

#[test]
fn an_image_is_what_the_segments_write_in_order() {
    let text = r#"(module (memory 2)
        (data (i32.const 0) "abcdef") (data (i32.const 2) "XY") (data (i32.const 3) "z")
        (data "passive") (data (i32.const 131072) ""))"#;
    assert_eq!(mapped(text, 0).as_deref(), Some(&b"abXzef"[..]));
    let high = r#"(module (memory 1) (data (i32.const 65533) "end"))"#;
    let bytes = mapped(high, 0).unwrap();
    assert_eq!((bytes.len(), &bytes[65533..]), (65536, &b"end"[..]));
    let sum = r#"(module (memory 1)
        (data (i32.sub (i32.const 5) (i32.const 3)) "ab"))"#;
    assert_eq!(mapped(sum, 0).as_deref(), Some(&b"\0\0ab"[..]));
}

#[test]
fn each_memory_has_its_own() {
    let text = r#"(module (memory 1) (memory 1) (memory i64 1) (memory 9 (pagesize 1))
        (data (memory 1) (i32.const 1) "b") (data (memory 2) (i64.const 2) "c")
        (data (memory 3) (i32.const 8) "d") (data (memory 1) (i32.const 0) "a"))"#;
    let all: Vec<_> = (0..4).map(|memory| mapped(text, memory).unwrap()).collect();
    assert_eq!(all, [&b""[..], b"ab", b"\0\0c", b"\0\0\0\0\0\0\0\0d"]);
}

#[test]
fn what_might_trap_or_depends_on_something_has_no_image() {
    let with = |segment: &str| {
        let text = format!(
            r#"(module (import "" "" (global $g i32)) (memory 1)
                (memory $w i64 1) (memory $b 9 (pagesize 1)) (data (i32.const 0) "a") {segment})"#
        );
        images(&module(&text), 0).is_some()
    };
    let pairs = [
        (r#"(data (i32.const 65535) "b")"#, r#"(data (i32.const 65535) "bc")"#),
        (r#"(data (i32.const 65536) "")"#, r#"(data (i32.const 65537) "")"#),
        (r#"(data (i32.const 7) "b")"#, r#"(data (i32.const -1) "b")"#),
        (r#"(data (memory $w) (i64.const 7) "b")"#, r#"(data (memory $w) (i64.const -1) "bc")"#),
        (r#"(data (memory $b) (i32.const 8) "b")"#, r#"(data (memory $b) (i32.const 9) "b")"#),
        (r#"(data (i32.const 1) "b")"#, r#"(data (global.get $g) "b")"#),
        (r#"(data "b")"#, r#"(data (i32.add (i32.const 1) (global.get $g)) "b")"#),
    ];
    for (has, has_none) in pairs {
        assert!(with(has), "{has}");
        assert!(!with(has_none), "{has_none}");
    }
}

#[test]
fn few_bytes_far_apart_and_many_memories_have_no_image() {
    let apart = |distance: usize| {
        let pages = distance / 65536 + 2;
        let text = format!(
            r#"(module (memory {pages}) (data (i32.const 0) "a") (data (i32.const {distance}) "b"))"#
        );
        images(&module(&text), 0).is_some()
    };
    assert!(apart(HOLES_BYTES_MAX + 3) && !apart(HOLES_BYTES_MAX + 4));
    let memories = |count: usize| {
        let segment = |memory| format!(r#"(data (memory {memory}) (i32.const 0) "a")"#);
        let segments: String = (0..count).map(segment).collect();
        let text = format!("(module {} {segments})", "(memory 1)".repeat(count));
        images(&module(&text), 0).is_some()
    };
    assert!(memories(super::IMAGES_MAX) && !memories(super::IMAGES_MAX + 1));
    let text = module(r#"(module (memory 1) (data (i32.const 0) "abc"))"#);
    assert!(images(&text, 3).is_some() && images(&text, 4).is_none());
}
