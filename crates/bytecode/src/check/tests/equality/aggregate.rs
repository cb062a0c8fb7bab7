//! Structures, arrays, casts: the same operators on the same cells of a window, and the references
//! that a frame holds where an object is made.

use super::Case;
use crate::Rule;

pub(super) const CASES: &[Case] = &[
    Case {
        // 0 get, 2 get, 4 new, 7 get, 11 end.
        name: "a structure is made and read",
        module: "(module (type $s (struct (field i32) (field i32)))
            (type $t (struct (field i32) (field i32) (field i32)))
            (func (param i32 i32) (result i32)
            local.get 0 local.get 1 struct.new $s struct.get $s 1))",
        code: "copy s2 <- s0
            copy s3 <- s1
            0x4 struct.new s2.. type0
            0x7 object.load32 s2 <- s2 +12
            !end 11
            return1 s2",
        right: &[&[("copy s2 <- s0\ncopy s3 <- s1", "copy s3 <- s1\ncopy s2 <- s0")]],
        wrong: &[
            // Operands: others, in another order, none at all.
            (Rule::Effects, &[("copy s3 <- s1", "copy s3 <- s0")]),
            (Rule::Initialised, &[("copy s3 <- s1\n", "")]),
            // Immediates: another field, another type, and one that is not there.
            (Rule::Effects, &[("+12", "+8")]),
            (Rule::Windows, &[("struct.new s2.. type0", "struct.new s2.. type1")]),
            (Rule::Indices, &[("struct.new s2.. type0", "struct.new s2.. type9")]),
            // The operator: another one, twice, not at all, in another order.
            (Rule::Effects, &[("0x7 object.load32 s2 <- s2 +12", "0x7 ref.cast s2 6")]),
            (Rule::Effects, &[("0x7", "0x7 object.load32 s2 <- s2 +12\n0x7")]),
            (Rule::Effects, &[("0x7 object.load32 s2 <- s2 +12\n", "")]),
            // The window: above where the result is, on a local; a form for other fields.
            (Rule::Windows, &[("struct.new s2..", "struct.new s0..")]),
            (Rule::Windows, &[("struct.new s2..", "struct.new s3..")]),
            (Rule::Effects, &[("object.load32 s2 <- s2 +12", "struct.get s2.. type0 1")]),
            (Rule::Initialised, &[("return1 s2", "return1 s3")]),
            // Its place.
            (Rule::Places, &[("0x7", "0x4")]),
        ],
    },
    Case {
        // 0 get, 2 get, 4 get, 6 new, 9 len, 11 drop, 12 end.
        name: "what is above a window is unknown behind it",
        module: "(module (type $a (array i32)) (func (param i32 i32) (result i32)
            local.get 0 local.get 1 array.new_default $a array.len i32.add))",
        code: "copy s2 <- s0
            copy s3 <- s1
            0x4 array.new_default s3.. type0
            0x7 object.load32 s3 <- s3 +4
            i32.add s2 <- s2 s3
            !end 10
            return1 s2",
        right: &[&[("i32.add s2 <- s2 s3", "i32.add s2 <- s3 s2")]],
        wrong: &[
            (Rule::Live, &[("array.new_default s3..", "copy s2 <- s1\narray.new_default s2..")]),
            (Rule::Effects, &[("object.load32 s3 <- s3 +4", "object.load32 s3 <- s2 +4")]),
            (Rule::Effects, &[("copy s3 <- s1", "copy s3 <- s0")]),
            (Rule::Effects, &[("array.new_default s3.. type0", "array.new_fixed s3.. type0 1")]),
        ],
    },
    Case {
        // 0 get, 2 get, 4 get, 6 set, 10 end.
        name: "two cells of an operand",
        module: "(module (type $s (struct (field (mut v128)))) (func (param (ref $s) v128)
            local.get 0 local.get 1 struct.set $s 0))",
        code: "copy s3 <- s0
            copy_v128 s4:2 <- s1:2
            0x4 struct.set s3.. type0 0
            !end 8
            return",
        right: &[&[("copy_v128 s4:2 <- s1:2", "copy s5 <- s2\ncopy s4 <- s1")]],
        wrong: &[
            (Rule::Initialised, &[("copy_v128 s4:2 <- s1:2", "copy s4 <- s1")]),
            (Rule::Effects, &[("copy_v128 s4:2 <- s1:2", "copy s4 <- s1\ncopy s5 <- s1")]),
            // There is no result in the window.
            (Rule::Initialised, &[("!end 8", "copy s5 <- s3\n!end 8")]),
        ],
    },
    Case {
        // 0 get, 2 test, 5 get, 7 len, 9 sub, 10 end.
        name: "a result is not the one before",
        module: "(module (func (param anyref arrayref) (result i32)
            local.get 0 ref.test (ref i31) local.get 1 array.len i32.sub))",
        code: "0x2 ref.test s2 <- s0 4
            0x7 object.load32 s3 <- s1 +4
            i32.sub s2 <- s2 s3
            !end 10
            return1 s2",
        right: &[],
        wrong: &[
            (Rule::Results, &[("s2 <- s2 s3", "s2 <- s2 s2")]),
            (Rule::Results, &[("s2 <- s2 s3", "s2 <- s3 s3")]),
        ],
    },
    Case {
        // 0 get, 2 get, 4 eq, 5 end.
        name: "equality is of whole cells",
        module: "(module (func (param eqref eqref) (result i32) local.get 0 local.get 1 ref.eq))",
        code: "ref.eq s2 <- s0 s1
            !end 5
            return1 s2",
        right: &[&[("ref.eq", "i64.eq")]],
        wrong: &[(Rule::Results, &[("ref.eq", "i32.eq")]), (Rule::Results, &[("s0 s1", "s0 s0")])],
    },
    Case {
        // 0 get, 2 i31, 4 get, 6 end.
        name: "a small integer is twice its value, and 1",
        module: "(module (func (param i32) (result i32) local.get 0 ref.i31 i31.get_s))",
        code: "ref.i31 s1 <- s0 1
            0x4 ref.as_non_null s1
            i32.shr_s_imm s1 <- s1 1
            !end 6
            return1 s1",
        right: &[],
        wrong: &[
            (Rule::Effects, &[("s0 1", "s0 2")]),
            (Rule::Results, &[("i32.shr_s_imm", "i32.shr_u_imm")]),
            (Rule::Results, &[("s1 1\n", "s1 2\n")]),
            (Rule::Effects, &[("0x4 ref.as_non_null s1\n", "")]),
            (Rule::Effects, &[("ref.i31 s1 <- s0 1", "copy s1 <- s0")]),
        ],
    },
    Case {
        // 0 get, 2 test, 5 end. The code of `(ref i31)` is 4, of `(ref null i31)` 5.
        name: "a test of a type",
        module: "(module (func (param anyref) (result i32) local.get 0 ref.test (ref i31)))",
        code: "0x2 ref.test s1 <- s0 4
            !end 5
            return1 s1",
        right: &[],
        wrong: &[
            (Rule::Effects, &[("s0 4", "s0 5")]),
            (Rule::Effects, &[("s0 4", "s0 0")]),
            (Rule::Effects, &[("0x2 ref.test s1 <- s0 4", "const32 s1 <- 1")]),
        ],
    },
    Case {
        // 0 block, 3 get, 5 br_on_cast, 11 drop, 12 const, 14 return, 15 end, 16 drop, 17 const, 19
        // end.
        name: "a branch on a cast",
        module: "(module (func (param anyref) (result i32)
            block (result (ref i31)) local.get 0 br_on_cast 0 anyref (ref i31)
            drop i32.const 1 return end drop i32.const 2))",
        code: "!end 0
            copy s1 <- s0
            0x5 ref.test s2 <- s0 4
            br_if s2 -> @yes
            !end 5
            const32 s1 <- 1
            return1 s1
            !end 14
            @yes:
            !end 15
            const32 s1 <- 2
            !end 19
            return1 s1",
        right: &[],
        wrong: &[
            (Rule::Conditions, &[("br_if s2", "br_if_not s2")]),
            (Rule::Effects, &[("s0 4", "s0 5")]),
            (Rule::Effects, &[("ref.test s2 <- s0 4", "ref.is_null s2 <- s0")]),
            (Rule::Values, &[("copy s1 <- s0\n", "")]),
        ],
    },
    Case {
        // 0 get, 2 get, 4 new, 7 drop, 8 drop, 9 end.
        name: "a reference below an allocation",
        module: "(module (type $a (array i32)) (func (param anyref i32)
            local.get 0 local.get 1 array.new_default $a drop drop))",
        code: "copy s2 <- s0
            copy s3 <- s1
            0x4 array.new_default s3.. type0
            !end 9
            return",
        right: &[&[("copy s2 <- s0\ncopy s3 <- s1", "copy s3 <- s1\ncopy s2 <- s0")]],
        wrong: &[
            // A stale slot, null, another reference, and a local that is overwritten.
            (Rule::Roots, &[("copy s2 <- s0\n", "")]),
            (Rule::Roots, &[("copy s2 <- s0", "const32 s2 <- 0")]),
            (Rule::Roots, &[("copy s2 <- s0", "copy s2 <- s1")]),
            (Rule::Roots, &[("0x4", "const32 s0 <- 0\n0x4")]),
        ],
    },
    Case {
        // 0 get, 2 get, 4 fill, 8 end: nothing is collected where no object is made.
        name: "a reference below an operator that makes none",
        module: "(module (type $f (array (mut funcref))) (func (param anyref (ref $f) i32)
            local.get 0 local.get 1 local.get 2 array.get $f drop drop))",
        code: "copy s4 <- s1
            copy s5 <- s2
            0x6 array.get s4.. type0
            !end 11
            return",
        right: &[&[("copy s4 <- s1", "copy s3 <- s0\ncopy s4 <- s1")]],
        wrong: &[
            (Rule::Effects, &[("copy s4 <- s1", "copy s4 <- s0")]),
            (Rule::Indices, &[("type0", "type1")]),
            (Rule::Indices, &[("type0", "type9")]),
        ],
    },
    Case {
        // 0 get, 2 convert, 4 is_null, 5 end.
        name: "an operator without an immediate",
        module: "(module (func (param externref) (result i32)
            local.get 0 any.convert_extern ref.is_null))",
        code: "copy s1 <- s0
            0x2 any.convert_extern s1..
            ref.is_null s1 <- s1
            !end 5
            return1 s1",
        right: &[],
        wrong: &[
            (Rule::Effects, &[("any.convert_extern", "extern.convert_any")]),
            (Rule::Effects, &[("0x2 any.convert_extern s1..\n", "")]),
            (Rule::Initialised, &[("copy s1 <- s0\n", "")]),
            (Rule::Results, &[("s1 <- s1", "s1 <- s0")]),
        ],
    },
];
