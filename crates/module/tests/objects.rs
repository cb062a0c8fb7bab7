//! Where fields lie in objects, and what operators on them take and give, worked out by hand.

use crate::common::decode;
use prova_module::objects::{Direct, Place, Shape};
use prova_module::{ObjectLayout, Opcode, Storage, TypeIdx};

/// The layout of type 0.
fn layout(ty: &str) -> ObjectLayout {
    let module = decode(&format!("(module (rec (type $t {ty}) (type $f (func))))"));
    module.types().layout(TypeIdx(0)).expect("it is a structure or an array")
}

#[track_caller]
fn fields(ty: &str, bytes: u32, places: &[(u32, Storage)]) {
    let fields = places.iter().map(|&(at, storage)| Place { at, storage }).collect();
    assert_eq!(layout(ty), ObjectLayout::Struct { bytes, fields }, "{ty}");
}

#[test]
fn fields_follow_each_other_at_multiples_of_their_widths() {
    use Storage as S;
    fields("(struct)", 8, &[]);
    fields("(struct (field i8))", 16, &[(8, S::I8)]);
    fields(
        "(struct (field i8 i16 i8 i32 i8 f64 i8 v128 i8))",
        64,
        &[
            (8, S::I8),
            (10, S::I16),
            (12, S::I8),
            (16, S::Bits32),
            (20, S::I8),
            (24, S::Bits64),
            (32, S::I8),
            (40, S::Bits128),
            (56, S::I8),
        ],
    );
    // A reference to an object, a function, an exception, a value of the host.
    fields(
        "(struct (field (ref null $t) (ref null $f) i31ref exnref funcref externref nullref))",
        56,
        &[
            (8, S::Object),
            (12, S::Func),
            (16, S::Object),
            (24, S::Exn),
            (32, S::Func),
            (40, S::Extern),
            (48, S::Object),
        ],
    );
    for (ty, storage) in
        [("i8", S::I8), ("f32", S::Bits32), ("v128", S::Bits128), ("(ref $t)", S::Object)]
    {
        assert_eq!(layout(&format!("(array {ty})")), ObjectLayout::Array(storage));
    }
}

#[test]
fn a_field_of_a_supertype_is_where_its_subtypes_have_it() {
    let module = decode(
        "(module (type $a (sub (struct (field i8 i64)))) (type $b (sub $a (struct (field i8 i64 i16 i32))))
           (type $c (sub $b (struct (field i8 i64 i16 i32 v128 i8)))))",
    );
    let places = |ty| match module.types().layout(TypeIdx(ty)) {
        Some(ObjectLayout::Struct { fields, .. }) => fields,
        other => panic!("{other:?}"),
    };
    for (sub, sup) in [(1, 0), (2, 0), (2, 1)] {
        assert!(places(sub).starts_with(&places(sup)));
    }
}

#[test]
fn shapes_are_those_of_the_types_and_nothing_else_has_one() {
    let module = decode(
        "(module (type $s (struct (field i32 v128 f64))) (type $a (array i16)) (type $v (array v128))
           (type $f (func)))",
    );
    let shape = |opcode, immediates| {
        let shape = Shape::of(module.types(), opcode, immediates);
        shape.map(|shape| (shape.operands, shape.operand_cells, shape.result_cells))
    };
    for (opcode, immediates, expected) in [
        (Opcode::StructNew, (0, 0), Some((3, 4, 1))),
        (Opcode::StructNewDefault, (0, 0), Some((0, 0, 1))),
        (Opcode::StructGet, (0, 0), Some((1, 1, 1))),
        (Opcode::StructGet, (0, 1), Some((1, 1, 2))),
        (Opcode::StructSet, (0, 1), Some((2, 3, 0))),
        (Opcode::ArrayNewFixed, (1, 5), Some((5, 5, 1))),
        (Opcode::ArrayNewFixed, (2, 5), Some((5, 10, 1))),
        (Opcode::ArrayFill, (2, 0), Some((4, 5, 0))),
        (Opcode::ArrayCopy, (1, 1), Some((5, 5, 0))),
        // Fields and types that are not there, or are others; more cells than there can be.
        (Opcode::StructGet, (0, 3), None),
        (Opcode::StructGet, (1, 0), None),
        (Opcode::StructNew, (3, 0), None),
        (Opcode::StructNewDefault, (9, 0), None),
        (Opcode::ArrayNewDefault, (3, 0), None),
        (Opcode::ArrayNewFixed, (2, u32::MAX), None),
        (Opcode::I32Add, (0, 0), None),
        (Opcode::BrOnCast, (0, 0), None),
    ] {
        assert_eq!(shape(opcode, immediates), expected, "{opcode:?} {immediates:?}");
    }
}

#[test]
fn numbers_and_references_to_objects_are_read_and_written_by_their_place() {
    use {Opcode as O, Storage as S};
    let module = decode(
        "(module (type $s (struct (field (mut i8)) (field i64) (field anyref) (field v128) (field funcref)
             (field externref) (field exnref) (field f32)))
           (type $h (array (mut i16))) (type $v (array v128)) (type $r (array funcref)) (type $f (func)))",
    );
    let direct = |opcode, immediates| {
        let direct = Direct::of(&module, opcode, immediates);
        direct.map(|Direct { at, storage, writes, signed }| (at, storage, writes, signed))
    };
    for (opcode, immediates, expected) in [
        (O::StructGetS, (0, 0), Some((Some(8), S::I8, false, true))),
        (O::StructGetU, (0, 0), Some((Some(8), S::I8, false, false))),
        (O::StructSet, (0, 0), Some((Some(8), S::I8, true, false))),
        (O::StructGet, (0, 1), Some((Some(16), S::Bits64, false, false))),
        (O::StructGet, (0, 2), Some((Some(24), S::Object, false, false))),
        (O::StructGet, (0, 7), Some((Some(72), S::Bits32, false, false))),
        (O::ArrayGetS, (1, 0), Some((None, S::I16, false, true))),
        (O::ArrayGetU, (1, 0), Some((None, S::I16, false, false))),
        (O::ArraySet, (1, 0), Some((None, S::I16, true, false))),
        (O::ArrayLen, (0, 0), Some((Some(4), S::Bits32, false, false))),
        // Two cells, a function, a value of the host, an exception.
        (O::StructGet, (0, 3), None),
        (O::StructGet, (0, 4), None),
        (O::StructGet, (0, 5), None),
        (O::StructGet, (0, 6), None),
        (O::ArrayGet, (2, 0), None),
        (O::ArraySet, (3, 0), None),
        // What is not there, or is another type; other operators.
        (O::StructGet, (0, 8), None),
        (O::StructGet, (1, 0), None),
        (O::StructSet, (4, 0), None),
        (O::ArrayGet, (0, 0), None),
        (O::ArrayGet, (4, 0), None),
        (O::ArraySet, (9, 0), None),
        (O::ArrayFill, (1, 0), None),
        (O::StructNew, (0, 0), None),
    ] {
        assert_eq!(direct(opcode, immediates), expected, "{opcode:?} {immediates:?}");
    }
}
