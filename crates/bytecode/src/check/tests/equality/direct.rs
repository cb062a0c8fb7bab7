//! Fields and elements by their places: the bytes that the layout of a type says, with the sign
//! that the operator says; casts.

use super::Case;
use crate::Rule;

pub(super) const CASES: &[Case] = &[
    Case {
        // 0 get, 2 get_s, 6 get, 8 get_u, 12 add, 13 end. Places: 8, 10, 12, 16, 24, 32, 48.
        name: "packed fields with a sign and without",
        module: "(module (type $s (struct (field i8) (field i16)))
            (func (param (ref null $s)) (result i32)
            local.get 0 struct.get_s $s 0 local.get 0 struct.get_u $s 1 i32.add))",
        code: "0x2 object.load8_s s1 <- s0 +8
            0x8 object.load16_u s2 <- s0 +10
            i32.add s1 <- s1 s2
            !end 13
            return1 s1",
        right: &[&[("s1 <- s1 s2", "s1 <- s2 s1")]],
        wrong: &[
            // The sign of each.
            (Rule::Results, &[("load8_s", "load8_u")]),
            (Rule::Results, &[("load16_u", "load16_s")]),
            // Width and place.
            (Rule::Effects, &[("load8_s", "load16_s")]),
            (Rule::Effects, &[("load16_u", "load32")]),
            (Rule::Effects, &[("+10", "+9")]),
            (Rule::Effects, &[("+8", "+0")]),
            // The order, and none.
            (Rule::Effects, &[("0x2 object.load8_s s1 <- s0 +8\n", "")]),
            (
                Rule::Effects,
                &[
                    ("0x8 object.load16_u s2 <- s0 +10\n", ""),
                    ("0x2", "0x8 object.load16_u s2 <- s0 +10\n0x2"),
                ],
            ),
            (Rule::Places, &[("0x8", "0x2")]),
            // A load from a memory, an element, a form for other fields.
            (Rule::Kinds, &[("object.load8_s s1 <- s0 +8", "i32.load8_s s1 <- s0 +8")]),
            (Rule::Effects, &[("object.load8_s s1 <- s0 +8", "array.load8_s s1 <- s0 s0")]),
            (
                Rule::Effects,
                &[("0x2 object.load8_s s1 <- s0 +8", "copy s1 <- s0\n0x2 struct.get s1.. type0 0")],
            ),
        ],
    },
    Case {
        // 0 get, 2 get, 4 get, 8 set, 12 end.
        name: "fields behind others",
        module: "(module (type $s (struct (field i8) (field i16) (field i32) (field (mut i64))
                (field anyref) (field v128) (field (mut i8))))
            (func (param (ref $s) (ref $s)) local.get 0 local.get 1 struct.get $s 3 struct.set $s 3
            local.get 1 local.get 0 struct.get $s 2 struct.set $s 6))",
        code: "0x4 object.load64 s3 <- s1 +16
            0x8 object.store64 s0 s3 +16
            0x10 object.load32 s3 <- s0 +12
            0x14 object.store8 s1 s3 +48
            !end 24
            return",
        right: &[&[("s3 <- s1 +16", "s2 <- s1 +16"), ("s0 s3 +16", "s0 s2 +16")]],
        wrong: &[
            (Rule::Effects, &[("s0 s3 +16", "s1 s3 +16")]),
            (Rule::Effects, &[("s0 s3 +16", "s0 s0 +16")]),
            (Rule::Effects, &[("s0 s3 +16", "s0 s3 +24")]),
            (Rule::Effects, &[("store64", "store32")]),
            (Rule::Effects, &[("store8", "store16")]),
            (Rule::Effects, &[("+48", "+44")]),
            (Rule::Effects, &[("0x8 object.store64 s0 s3 +16\n", "")]),
            (Rule::Effects, &[("0x8", "0x8 object.store64 s0 s3 +16\n0x8")]),
            (Rule::Effects, &[("object.store8 s1 s3 +48", "array.store8 s1 s3 s3")]),
            (Rule::Slots, &[("s1 s3 +48", "s1 s99 +48")]),
        ],
    },
    Case {
        // 0 get, 2 get, 4 get, 6 get, 8 get_s, 11 set, 14 end.
        name: "elements",
        module: "(module (type $a (array (mut i16))) (type $b (array i8))
            (func (param (ref $a) i32 (ref $b))
            local.get 0 local.get 1 local.get 2 local.get 1 array.get_s $b array.set $a))",
        code: "0x8 array.load8_s s5 <- s2 s1
            0xb array.store16 s0 s1 s5
            !end 14
            return",
        right: &[&[("s5 <- s2", "s3 <- s2"), ("s1 s5", "s1 s3")]],
        wrong: &[
            (Rule::Effects, &[("load8_s", "load8_u")]),
            (Rule::Effects, &[("load8_s", "load16_s")]),
            (Rule::Effects, &[("store16", "store8")]),
            (Rule::Effects, &[("s0 s1 s5", "s2 s1 s5")]),
            (Rule::Effects, &[("s0 s1 s5", "s0 s5 s5")]),
            (Rule::Effects, &[("s0 s1 s5", "s0 s1 s1")]),
            (Rule::Effects, &[("array.load8_s s5 <- s2 s1", "object.load8_s s5 <- s2 +8")]),
            (Rule::Effects, &[("array.store16 s0 s1 s5", "object.store16 s0 s5 +8")]),
            (Rule::Initialised, &[("s2 s1\n", "s2 s4\n")]),
        ],
    },
    Case {
        // 0 get, 2 const, 4 get_s, 7 get, 9 get_u, 13 add, 14 end.
        name: "an element with a sign and a field without",
        module: "(module (type $h (array i16)) (type $s (struct (field i8)))
            (func (param (ref $h) (ref $s)) (result i32)
            local.get 0 i32.const 3 array.get_s $h local.get 1 struct.get_u $s 0 i32.add))",
        code: "const32 s3 <- 3
            0x4 array.load16_s s2 <- s0 s3
            0x9 object.load8_u s3 <- s1 +8
            i32.add s2 <- s2 s3
            !end 14
            return1 s2",
        right: &[&[("i32.add s2 <- s2 s3", "i32.add s2 <- s3 s2")]],
        wrong: &[
            (Rule::Results, &[("load16_s", "load16_u")]),
            (Rule::Results, &[("load8_u", "load8_s")]),
            (Rule::Effects, &[("s3 <- 3", "s3 <- 2")]),
            (Rule::Effects, &[("s3 <- s1 +8", "s3 <- s0 +8")]),
        ],
    },
    Case {
        // 0 get, 2 cast, 5 get, 9 end.
        name: "a cast gives the reference",
        module: "(module (type $s (struct (field i32))) (func (param anyref) (result i32)
            local.get 0 ref.cast (ref null $s) struct.get $s 0))",
        code: "0x2 ref.cast s0 33
            0x5 object.load32 s1 <- s0 +8
            !end 9
            return1 s1",
        right: &[&[("0x2", "copy s1 <- s0\n0x2"), ("s1 <- s0 +8", "s1 <- s1 +8")]],
        wrong: &[
            // Without null, another type, no type, another reference, none.
            (Rule::Effects, &[("s0 33", "s0 32")]),
            (Rule::Effects, &[("s0 33", "s0 5")]),
            (Rule::Effects, &[("s0 33", "s0 1000000")]),
            (Rule::Effects, &[("0x2", "const32 s1 <- 0\n0x2"), ("s0 33", "s1 33")]),
            (Rule::Effects, &[("0x2 ref.cast s0 33\n", "")]),
            (Rule::Effects, &[("ref.cast s0 33", "ref.test s1 <- s0 33")]),
            (Rule::Effects, &[("ref.cast s0 33", "ref.as_non_null s0")]),
            (Rule::Places, &[("0x2", "0x5")]),
        ],
    },
    Case {
        // 0 get, 2 get, 6 get, 8 get, 12 add, 13 end.
        name: "an object's number stays in its accumulator",
        module: "(module (type $s (struct (field i32))) (func (param (ref $s)) (result i32)
            local.get 0 struct.get $s 0 local.get 0 ref.as_non_null drop i32.const 7 i32.add))",
        code: "0x2 object.load32 acc <- s0 +8
            0x8 ref.as_non_null s0
            i32.add_imm s1 <- acc 7
            !end 13
            return1 s1",
        right: &[&[("acc <- s0", "s1 <- s0"), ("acc 7", "s1 7")]],
        wrong: &[
            (Rule::Initialised, &[("acc 7", "s1 7")]),
            (Rule::Initialised, &[("s0 +8", "acc +8")]),
        ],
    },
];
