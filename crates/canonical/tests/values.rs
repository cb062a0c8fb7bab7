//! Values as cells and as bytes, there and back.

use crate::guest::Bytes;
use crate::types::{names, record, variant};
use prova_canonical::{
    Defined, Encoding, Fault, MAX_FLAT_PARAMS, Options, Pointer, ResourceAny, ResourceTypeId,
    TableId, Type, Types, Val, lift, lower, lower_results,
};
use prova_random::Rng;

pub(crate) const UTF8: Options = Options { encoding: Encoding::Utf8, pointer: Pointer::Narrow };

fn text(text: &str) -> Val {
    Val::String(text.to_owned())
}

/// The cells of a value, which is lifted from them again.
fn cells(types: &Types, options: Options, ty: Type, value: &Val) -> (Vec<u64>, Bytes) {
    let mut guest = Bytes::new(1 << 12);
    let tys = (&[ty][..], MAX_FLAT_PARAMS);
    let cells = lower(&mut guest, types, options, tys, std::slice::from_ref(value));
    let cells = cells.expect("it is lowered");
    let found = lift(&mut guest, types, options, tys, &cells).expect("it is lifted");
    assert_eq!(found, std::slice::from_ref(value));
    (cells, guest)
}

#[test]
fn values_are_the_cells_of_the_specification() {
    let mut types = Types::default();
    let mut add = |defined| types.add(defined).expect("a type");
    let flags = add(Defined::Flags(names(9)));
    let or = add(variant(&[Some(Type::Float32), Some(Type::U64), None]));
    let result = add(Defined::Result { ok: None, err: Some(Type::S8) });
    let pair = add(record(&[Type::S16, Type::Bool]));
    let own = add(Defined::Own(TableId(3)));
    let some = |x: Val| Some(Box::new(x));
    let pair_of = |x, y| Val::Record(vec![("f0".into(), Val::S16(x)), ("f1".into(), Val::Bool(y))]);
    let resource = ResourceAny { ty: ResourceTypeId(3), number: 7, owned: true };
    let rows: Vec<(Type, Val, &[u64])> = vec![
        (Type::Bool, Val::Bool(true), &[1]),
        (Type::S8, Val::S8(-1), &[0xffff_ffff]),
        (Type::U16, Val::U16(65535), &[65535]),
        (Type::S64, Val::S64(-2), &[u64::MAX - 1]),
        (Type::Float32, Val::Float32(1.5), &[0x3fc0_0000]),
        (Type::Float64, Val::Float64(-0.0), &[1 << 63]),
        (Type::Char, Val::Char('é'), &[0xe9]),
        (flags, Val::Flags(vec!["n0".into(), "n8".into()]), &[0x101]),
        (or, Val::Variant("c0".into(), some(Val::Float32(1.5))), &[0, 0x3fc0_0000]),
        (or, Val::Variant("c1".into(), some(Val::U64(5))), &[1, 5]),
        (or, Val::Variant("c2".into(), None), &[2, 0]),
        (result, Val::Result(Ok(None)), &[0, 0]),
        (result, Val::Result(Err(some(Val::S8(-3)))), &[1, 0xffff_fffd]),
        (pair, pair_of(-4, true), &[0xffff_fffc, 1]),
        (own, Val::Resource(resource), &[7]),
    ];
    for (ty, value, wanted) in rows {
        assert_eq!(cells(&types, UTF8, ty, &value).0, wanted, "{value:?}");
    }
}

#[test]
fn strings_have_three_encodings() {
    let utf16: &[u8] = &[0x61, 0, 0xe9, 0, 0x3d, 0xd8, 0, 0xde];
    let rows: [(Encoding, &str, &[u8], u64); 7] = [
        (Encoding::Utf8, "aé", &[0x61, 0xc3, 0xa9], 3),
        (Encoding::Utf16, "aé\u{1f600}", utf16, 4),
        (Encoding::Latin1OrUtf16, "aé", &[0x61, 0xe9], 2),
        (Encoding::Latin1OrUtf16, "aé\u{1f600}", utf16, 4 | 1 << 31),
        (Encoding::Latin1OrUtf16, "ÿ", &[0xff], 1),
        (Encoding::Latin1OrUtf16, "Ā", &[0, 1], 1 | 1 << 31),
        (Encoding::Utf8, "", &[], 0),
    ];
    for (encoding, string, bytes, length) in rows {
        let options = Options { encoding, ..UTF8 };
        let (cells, guest) = cells(&Types::default(), options, Type::String, &text(string));
        assert_eq!(cells, [16, length], "{string}");
        assert_eq!(&guest.memory[16..16 + bytes.len()], bytes, "{string}");
        let options = Options { pointer: Pointer::Wide, ..options };
        let (cells, _) = self::cells(&Types::default(), options, Type::String, &text(string));
        let tag = if length >> 31 == 1 { 1 << 63 } else { 0 };
        assert_eq!(cells, [16, length & 0x7fff_ffff | tag], "{string}");
    }
}

#[test]
fn what_takes_too_many_cells_lies_in_memory() {
    let mut types = Types::default();
    let list = types.add(Defined::List(Type::U16)).expect("a type");
    let row = types.add(record(&[Type::U8, list, Type::Float64])).expect("a type");
    let value = Val::Record(vec![
        ("f0".into(), Val::U8(9)),
        ("f1".into(), Val::List(vec![Val::U16(1), Val::U16(0x203)])),
        ("f2".into(), Val::Float64(1.0)),
    ]);
    let mut guest = Bytes::new(128);
    let none =
        lower_results(&mut guest, &types, UTF8, (&[row], 1), (std::slice::from_ref(&value), 64));
    assert_eq!(none, Ok(Vec::new()));
    let mut wanted = vec![9, 0, 0, 0, 16, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0];
    wanted.extend(1.0_f64.to_le_bytes());
    assert_eq!(&guest.memory[64..88], wanted);
    assert_eq!(&guest.memory[16..20], [1, 0, 3, 2]);
    assert_eq!(lift(&mut guest, &types, UTF8, (&[row], 1), &[64]), Ok(vec![value]));
}

#[test]
fn there_is_one_nan() {
    let mut guest = Bytes::new(64);
    for bits in [0x7fc0_0001_u64, 0xffc0_0000, 0x7f80_0001] {
        let found = lift(&mut guest, &Types::default(), UTF8, (&[Type::Float32], 1), &[bits]);
        let Ok([Val::Float32(x)]) = found.as_deref() else { panic!("{found:?}") };
        assert_eq!(x.to_bits(), 0x7fc0_0000);
    }
    let nan = [Val::Float64(f64::from_bits(0xfff0_0000_0000_0001))];
    let found = lower(&mut guest, &Types::default(), UTF8, (&[Type::Float64], 16), &nan);
    assert_eq!(found, Ok(vec![0x7ff8_0000_0000_0000]));
}

/// A random type of some depth, and a value of it.
pub(crate) fn generated(rng: &mut Rng, types: &mut Types, depth: u32) -> (Type, Val) {
    let name = |i| format!("c{i}");
    match rng.below(if depth == 0 { 8 } else { 15 }) {
        0 => (Type::Bool, Val::Bool(rng.percent(50))),
        1 => (Type::S8, Val::S8(rng.bits() as i8)),
        2 => (Type::U16, Val::U16(rng.bits() as u16)),
        3 => (Type::S32, Val::S32(rng.bits() as i32)),
        4 => (Type::U64, Val::U64(rng.bits())),
        5 => (Type::Float64, Val::Float64(rng.bits() as f64)),
        6 => (Type::Char, Val::Char(*rng.pick(&['a', 'ß', 'Ω', '\u{1f600}']))),
        7 => {
            let length = rng.below(5);
            let all = (0..length).map(|_| *rng.pick(&['a', 'ß', 'Ω', '\u{1f600}']));
            (Type::String, Val::String(all.collect()))
        }
        8 => {
            let (ty, value) = generated(rng, types, depth - 1);
            let list = types.add(Defined::List(ty)).expect("a type");
            (list, Val::List(vec![value; rng.below(4)]))
        }
        9 => {
            let fields: Vec<_> =
                (0..rng.between(1, 4)).map(|_| generated(rng, types, depth - 1)).collect();
            let tys: Vec<Type> = fields.iter().map(|field| field.0).collect();
            let ty = types.add(record(&tys)).expect("a type");
            let named = fields.into_iter().enumerate();
            (ty, Val::Record(named.map(|(i, (_, value))| (format!("f{i}"), value)).collect()))
        }
        10 => {
            let cases: Vec<_> =
                (0..rng.between(1, 4)).map(|_| generated(rng, types, depth - 1)).collect();
            let tys: Vec<_> = cases.iter().map(|case| Some(case.0)).chain([None]).collect();
            let ty = types.add(variant(&tys)).expect("a type");
            let at = rng.below(tys.len());
            let payload = cases.into_iter().nth(at).map(|(_, value)| Box::new(value));
            (ty, Val::Variant(name(at), payload))
        }
        11 => {
            let (ty, value) = generated(rng, types, depth - 1);
            let ty = types.add(Defined::Option(ty)).expect("a type");
            (ty, Val::Option(rng.percent(50).then(|| Box::new(value))))
        }
        12 => {
            let ((a, x), (b, y)) =
                (generated(rng, types, depth - 1), generated(rng, types, depth - 1));
            let ty = types.add(Defined::Map { key: a, value: b }).expect("a type");
            (ty, Val::Map(vec![(x, y); rng.below(3)]))
        }
        13 => {
            let count = rng.between(1, 32);
            let ty = types.add(Defined::Flags(names(count))).expect("a type");
            let set = (0..count).filter(|_| rng.percent(30)).map(|i| format!("n{i}"));
            (ty, Val::Flags(set.collect()))
        }
        _ => {
            let (ty, value) = generated(rng, types, depth - 1);
            let length = rng.between(1, 3);
            let fixed = Defined::FixedList { element: ty, length: length as u32 };
            (types.add(fixed).expect("a type"), Val::List(vec![value; length]))
        }
    }
}

/// 20,000 random values, in each encoding and with both pointers, as cells and in memory.
#[test]
fn what_is_lowered_is_lifted() {
    for i in 0..20_000 {
        let mut rng = Rng::of(68_001, i);
        let mut types = Types::default();
        let (ty, value) = generated(&mut rng, &mut types, 3);
        let encoding = *rng.pick(&[Encoding::Utf8, Encoding::Utf16, Encoding::Latin1OrUtf16]);
        let options = Options { encoding, pointer: *rng.pick(&[Pointer::Narrow, Pointer::Wide]) };
        let most = *rng.pick(&[0, 1, MAX_FLAT_PARAMS]);
        let mut guest = Bytes::new(1 << 14);
        let values = [value];
        let cells = lower(&mut guest, &types, options, (&[ty], most), &values);
        let cells = cells.unwrap_or_else(|fault| panic!("{i}: {fault}"));
        let found = lift(&mut guest, &types, options, (&[ty], most), &cells);
        assert_eq!(found.as_deref(), Ok(&values[..]), "{i}");
        let place = 1 << 13;
        let cells = lower_results(&mut guest, &types, options, (&[ty], most), (&values, place));
        let cells = match cells.expect("it is lowered").as_slice() {
            [] => vec![place],
            cells => cells.to_vec(),
        };
        let found = lift(&mut guest, &types, options, (&[ty], most), &cells);
        assert_eq!(found.as_deref(), Ok(&values[..]), "{i}");
    }
}

#[test]
fn values_of_other_types_are_refused_by_name() {
    let mut types = Types::default();
    let pair = types.add(record(&[Type::U8, Type::U8])).expect("a type");
    let or = types.add(variant(&[Some(Type::U8), None])).expect("a type");
    let flags = types.add(Defined::Flags(names(2))).expect("a type");
    let field = |name: &str| (name.to_owned(), Val::U8(1));
    let rows = [
        (Type::U8, Val::S8(1), "type mismatch: expected u8, found s8"),
        (Type::String, Val::Char('a'), "type mismatch: expected string, found char"),
        (
            pair,
            Val::Tuple(vec![Val::U8(1), Val::U8(1)]),
            "type mismatch: expected record, found tuple",
        ),
        (pair, Val::Record(vec![field("f0")]), "expected 2 values, found 1"),
        (
            pair,
            Val::Record(vec![field("f0"), field("f2")]),
            "type mismatch: expected the field `f1`, found another field",
        ),
        (
            or,
            Val::Variant("c2".into(), None),
            "type mismatch: expected variant, one of its cases, found variant",
        ),
        (
            or,
            Val::Variant("c0".into(), None),
            "type mismatch: expected variant, one of its cases, found variant",
        ),
        (
            or,
            Val::Variant("c1".into(), Some(Box::new(Val::U8(1)))),
            "type mismatch: expected variant, one of its cases, found variant",
        ),
        (
            flags,
            Val::Flags(vec!["n2".into()]),
            "type mismatch: expected flags of the type, found another flag",
        ),
    ];
    for (ty, value, wanted) in rows {
        for most in [0, MAX_FLAT_PARAMS] {
            let mut guest = Bytes::new(64);
            let values = std::slice::from_ref(&value);
            let found = lower(&mut guest, &types, UTF8, (&[ty], most), values);
            assert_eq!(found.map_err(|fault| fault.to_string()), Err(wanted.to_owned()));
        }
    }
    let found = lower(&mut Bytes::new(64), &types, UTF8, (&[Type::U8], 16), &[]);
    assert_eq!(found, Err(Fault::Count { expected: 1, got: 0 }));
}
