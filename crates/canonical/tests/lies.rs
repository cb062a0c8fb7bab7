//! Guests that lie: each fault, beside what is accepted.

use crate::guest::{Answer, Bytes};
use crate::types::{names, variant};
use crate::values::{UTF8, generated};
use prova_canonical::{Defined, Encoding, Fault, Options, Pointer, Type, Types, Val, lift, lower};
use prova_random::Rng;

/// The kinds of types that the rows name.
fn typed(name: &str) -> (Types, Type) {
    let mut types = Types::default();
    let ty = match name {
        "string" => Type::String,
        "char" => Type::Char,
        "bytes" => types.add(Defined::List(Type::U8)).expect("a type"),
        "words" => types.add(Defined::List(Type::U32)).expect("a type"),
        "wide" => types.add(Defined::List(Type::U64)).expect("a type"),
        "map" => types.add(Defined::Map { key: Type::U32, value: Type::U8 }).expect("a type"),
        "enum" => types.add(Defined::Enum(names(3))).expect("a type"),
        "variant" => types.add(variant(&[None, Some(Type::U8)])).expect("a type"),
        other => panic!("no type {other}"),
    };
    (types, ty)
}

/// The options that a row names.
fn options(text: &str) -> Options {
    let (encoding, bits) = text.split_once(' ').expect("an encoding, and the bits of pointers");
    let encoding = match encoding {
        "utf8" => Encoding::Utf8,
        "utf16" => Encoding::Utf16,
        "latin1" => Encoding::Latin1OrUtf16,
        other => panic!("no encoding {other}"),
    };
    Options { encoding, pointer: if bits == "64" { Pointer::Wide } else { Pointer::Narrow } }
}

#[test]
fn pointers_lengths_and_text_are_not_believed() {
    for row in include_str!("lies.tsv").lines().filter(|row| !row.starts_with('#')) {
        let columns: Vec<&str> = row.split('\t').collect();
        let [name, encoding, cells, wanted] = columns[..] else { panic!("{row}") };
        let cell = |text: &str| u64::from_str_radix(text.trim_start_matches("0x"), 16);
        let cells: Vec<u64> = cells.split(' ').map(|text| cell(text).expect("a number")).collect();
        let (types, ty) = typed(name);
        let mut guest = Bytes::new(64);
        guest.memory[..32].fill(b'a');
        guest.memory[32..36].copy_from_slice(&[0x00, 0xd8, 0xc3, 0x00]);
        let found = lift(&mut guest, &types, options(encoding), (&[ty], 16), &cells);
        let found = found.map_or_else(|fault| fault.to_string(), |_| "ok".to_owned());
        assert_eq!(found, wanted, "{row}");
    }
}

#[test]
fn values_in_memory_are_where_they_may_be() {
    let mut types = Types::default();
    let pair = types.add(Defined::Tuple([Type::U64, Type::U8].into())).expect("a type");
    let rows = [
        (0, None),
        (48, None),
        (49, Some(Fault::Misaligned { pointer: 49, align: 8 })),
        (56, Some(Fault::OutOfBounds { what: "value", pointer: 56, bytes: 16 })),
    ];
    for (pointer, wanted) in rows {
        let found = lift(&mut Bytes::new(64), &types, UTF8, (&[pair], 1), &[pointer]);
        assert_eq!(found.err(), wanted);
    }
}

#[test]
fn the_answers_of_realloc_are_not_believed() {
    let (types, words) = typed("words");
    let list = Val::List(vec![Val::U32(1); 3]);
    let rows = [
        (Answer::Honest, Type::String, Val::String("abc".into()), "ok"),
        (
            Answer::Beyond,
            Type::String,
            Val::String("abc".into()),
            "realloc return: beyond end of memory: 0x40",
        ),
        (Answer::Honest, words, list.clone(), "ok"),
        (Answer::Odd, words, list.clone(), "realloc return: result not aligned: 0x11"),
        (Answer::Beyond, words, list, "realloc return: beyond end of memory: 0x40"),
        (Answer::Beyond, words, Val::List(Vec::new()), "ok"),
    ];
    for (answer, ty, value, wanted) in rows {
        let mut guest = Bytes { answer, ..Bytes::new(64) };
        let found = lower(&mut guest, &types, UTF8, (&[ty], 16), &[value]);
        let found = found.map_or_else(|fault| fault.to_string(), |_| "ok".to_owned());
        assert_eq!(found, wanted, "{answer:?}");
    }
}

/// A list of 2^20 bytes is paid for piece by piece, before the host keeps its elements.
#[test]
fn elements_are_paid_for() {
    let (types, bytes) = typed("bytes");
    let rows = [(1 << 20, true), ((1 << 20) - 1, false), (4096, false), (4095, false)];
    for (fuel, enough) in rows {
        let mut guest = Bytes { left: fuel, ..Bytes::new(1 << 20) };
        let found = lift(&mut guest, &types, UTF8, (&[bytes], 16), &[0, 1 << 20]);
        assert_eq!(found.is_ok(), enough, "{fuel}");
    }
    let mut types = Types::default();
    let fixed = Defined::FixedList { element: Type::U8, length: 1 << 20 };
    let fixed = types.add(fixed).expect("within the limit");
    let mut guest = Bytes { left: 4096, ..Bytes::new(1 << 20) };
    assert!(lift(&mut guest, &types, UTF8, (&[fixed], 16), &[0]).is_err());
    let mut guest = Bytes { left: 2, ..Bytes::new(64) };
    let text = [Val::String("abc".into())];
    assert!(lower(&mut guest, &types, UTF8, (&[Type::String], 16), &text).is_err());
    assert_eq!(guest.next, 16, "it is paid before the guest is asked");
}

/// 100,000 times random cells for random types: a value or a fault, within what is paid for.
#[test]
fn any_cells_are_lifted_or_refused() {
    let (mut lifted, mut refused) = (0, 0);
    for i in 0..100_000 {
        let mut rng = Rng::of(68_002, i);
        let mut types = Types::default();
        let (ty, _) = generated(&mut rng, &mut types, 3);
        let mut guest = Bytes { left: 1 << 12, ..Bytes::new(256) };
        guest
            .memory
            .fill_with(|| if rng.percent(60) { rng.below(8) as u8 } else { rng.bits() as u8 });
        let encoding = *rng.pick(&[Encoding::Utf8, Encoding::Utf16, Encoding::Latin1OrUtf16]);
        let options = Options { encoding, pointer: *rng.pick(&[Pointer::Narrow, Pointer::Wide]) };
        let mut cell = || if rng.percent(80) { rng.below(64) as u64 } else { rng.bits() };
        let cells: Vec<u64> = (0..16).map(|_| cell()).collect();
        let most = *rng.pick(&[0, 1, 16]);
        match lift(&mut guest, &types, options, (&[ty], most), &cells) {
            Ok(_) => lifted += 1,
            Err(_) => refused += 1,
        }
    }
    assert!(lifted > 20_000 && refused > 20_000, "{lifted} lifted, {refused} refused");
}
