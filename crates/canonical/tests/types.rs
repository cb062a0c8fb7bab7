//! Layouts and cells of types, and their limits.

use prova_canonical::{
    Case, Defined, Field, FlatType, MAX_FLAT_PARAMS, Pointer, TYPE_DEPTH_MAX, TableId, Type,
    TypeError, Types, VALUE_BYTES_MAX,
};

pub(crate) fn names(count: usize) -> std::sync::Arc<[std::sync::Arc<str>]> {
    (0..count).map(|i| format!("n{i}").into()).collect()
}

pub(crate) fn record(fields: &[Type]) -> Defined {
    let field = |(i, &ty): (usize, &Type)| Field { name: format!("f{i}").into(), ty };
    Defined::Record(fields.iter().enumerate().map(field).collect())
}

pub(crate) fn variant(cases: &[Option<Type>]) -> Defined {
    let case = |(i, &ty): (usize, &Option<Type>)| Case { name: format!("c{i}").into(), ty };
    Defined::Variant(cases.iter().enumerate().map(case).collect())
}

#[test]
fn layouts_are_those_of_the_specification() {
    use FlatType::{F32, F64, I32, I64};
    use Type::{Bool, Char, Float32, Float64, S64, U8, U16, U32};
    // The type; bytes and alignment with pointers of 32 and of 64 bits; the cells.
    let rows: Vec<(Defined, [u32; 4], &[FlatType])> = vec![
        (record(&[U8, U32, U16]), [12, 4, 12, 4], &[I32, I32, I32]),
        (record(&[U8, Type::String]), [12, 4, 24, 8], &[I32, I32, I32]),
        (Defined::Tuple([Bool, S64, U8].into()), [24, 8, 24, 8], &[I32, I64, I32]),
        (Defined::List(U16), [8, 4, 16, 8], &[I32, I32]),
        (Defined::Map { key: Type::String, value: U8 }, [8, 4, 16, 8], &[I32, I32]),
        (Defined::FixedList { element: U16, length: 3 }, [6, 2, 6, 2], &[I32, I32, I32]),
        (variant(&[None, Some(U8)]), [2, 1, 2, 1], &[I32, I32]),
        (variant(&[Some(Float32), Some(U32)]), [8, 4, 8, 4], &[I32, I32]),
        (variant(&[Some(Float32), Some(Float32)]), [8, 4, 8, 4], &[I32, F32]),
        (variant(&[Some(Float64), Some(U32), None]), [16, 8, 16, 8], &[I32, I64]),
        (Defined::Option(Float64), [16, 8, 16, 8], &[I32, F64]),
        (Defined::Option(Char), [8, 4, 8, 4], &[I32, I32]),
        (Defined::Result { ok: None, err: None }, [1, 1, 1, 1], &[I32]),
        (
            Defined::Result { ok: Some(U8), err: Some(Type::String) },
            [12, 4, 24, 8],
            &[I32, I32, I32],
        ),
        (Defined::Enum(names(256)), [1, 1, 1, 1], &[I32]),
        (Defined::Enum(names(257)), [2, 2, 2, 2], &[I32]),
        (Defined::Flags(names(8)), [1, 1, 1, 1], &[I32]),
        (Defined::Flags(names(9)), [2, 2, 2, 2], &[I32]),
        (Defined::Flags(names(17)), [4, 4, 4, 4], &[I32]),
        (Defined::Own(TableId(0)), [4, 4, 4, 4], &[I32]),
    ];
    for (defined, bytes, cells) in rows {
        let mut types = Types::default();
        let ty = types.add(defined.clone()).expect("a type");
        let layout = |pointer| types.layout(ty, pointer).expect("its layout");
        let (narrow, wide) = (layout(Pointer::Narrow), layout(Pointer::Wide));
        assert_eq!([narrow.size, narrow.align, wide.size, wide.align], bytes, "{defined:?}");
        let flat = types.flat(&[ty], Pointer::Narrow, MAX_FLAT_PARAMS);
        assert_eq!(flat.as_deref(), Some(cells), "{defined:?}");
    }
}

#[test]
fn pointers_of_64_bits_are_cells_of_64_bits() {
    let mut types = Types::default();
    let list = types.add(Defined::List(Type::U8)).expect("a type");
    let or = types.add(variant(&[Some(list), Some(Type::Float32)])).expect("a type");
    let flat = types.flat(&[or], Pointer::Wide, MAX_FLAT_PARAMS);
    assert_eq!(flat, Some(vec![FlatType::I32, FlatType::I64, FlatType::I64]));
}

#[test]
fn more_cells_than_there_may_be_are_none() {
    let mut types = Types::default();
    let most = types.add(Defined::Tuple([Type::U8; 16].into())).expect("a type");
    let more = types.add(Defined::Tuple([Type::U8; 17].into())).expect("a type");
    assert_eq!(types.flat(&[most], Pointer::Narrow, 16).map(|flat| flat.len()), Some(16));
    assert_eq!(types.flat(&[most, Type::U8], Pointer::Narrow, 16), None);
    assert_eq!(types.flat(&[more], Pointer::Narrow, 16), None);
    assert_eq!(types.flat(&[Type::String], Pointer::Narrow, 1), None);
    assert_eq!(types.flat(&[Type::U64], Pointer::Narrow, 1), Some(vec![FlatType::I64]));
}

#[test]
fn limits_hold_on_both_sides() {
    let fixed = |element, length| Defined::FixedList { element, length };
    let most = VALUE_BYTES_MAX;
    let rows = [
        (fixed(Type::U8, most), None),
        (fixed(Type::U8, most + 1), Some(TypeError::TooLarge)),
        (fixed(Type::U64, u32::MAX), Some(TypeError::TooLarge)),
        (fixed(Type::U8, 0), Some(TypeError::Count)),
        (Defined::Flags(names(32)), None),
        (Defined::Flags(names(33)), Some(TypeError::Count)),
        (Defined::Flags(names(0)), Some(TypeError::Count)),
        (Defined::Enum(names(0)), Some(TypeError::Count)),
        (variant(&[]), Some(TypeError::Count)),
        (record(&[]), Some(TypeError::Count)),
        (Defined::Tuple([].into()), Some(TypeError::Count)),
    ];
    for (defined, wanted) in rows {
        assert_eq!(Types::default().add(defined).err(), wanted);
    }
    let (mut types, mut ty) = (Types::default(), Type::U8);
    for _ in 0..TYPE_DEPTH_MAX {
        ty = types.add(Defined::List(ty)).expect("within the limit");
    }
    assert_eq!(types.add(Defined::List(ty)), Err(TypeError::TooDeep));
    assert_eq!(Types::default().add(Defined::List(ty)), Err(TypeError::Unknown));
}

/// Sixteen values of 2^28 bytes are too many for a pointer of 32 bits; fifteen are not.
#[test]
fn values_together_have_a_limit() {
    let mut types = Types::default();
    let fixed = Defined::FixedList { element: Type::U64, length: VALUE_BYTES_MAX / 8 };
    let ty = types.add(fixed).expect("within the limit");
    let size = |count| Some(types.layout_of_all(&vec![ty; count], Pointer::Narrow)?.size);
    assert_eq!(size(15), Some(15 * VALUE_BYTES_MAX));
    assert_eq!(size(16), None);
    assert_eq!(types.flat(&[ty; 17], Pointer::Narrow, MAX_FLAT_PARAMS), None);
}
