//! Accumulators: what may be read from one, and where nothing is known of it.

use super::Case;
use crate::Rule;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "a chain of results that no slot holds",
        module: "(module (func (param i32 i32) (result i32)
            local.get 0 i32.const 5 i32.add local.get 1 i32.mul i32.const 3 i32.shl))",
        code: "i32.add_imm acc <- s0 5
            i32.mul acc <- acc s1
            i32.shl_imm s2 <- acc 3
            !end 11
            return1 acc",
        right: &[
            &[("acc <- s0", "s2 <- s0")],
            &[("acc <- s0 5", "s2 <- s0 5"), ("<- acc s1", "<- s2 s1")],
            &[("return1 acc", "return1 s2")],
            // Copies hand on; what has no result, or one of another class, leaves it.
            &[("return1 acc", "copy s3 <- acc\nreturn1 acc")],
            &[("return1 acc", "copy_v128 s2:2 <- s0:2\nreturn1 acc")],
            &[("i32.mul acc", "copy_f32 s3 <- s1\ni32.mul acc")],
            &[("i32.mul acc", "copy2 s3 s2 <- s0 s1\ni32.mul acc")],
        ],
        wrong: &[
            (Rule::Initialised, &[("add_imm acc <- s0 5", "add_imm acc <- acc 5")]),
            (Rule::Initialised, &[("return1 acc", "return1 s3")]),
            // Muted, and its slot is read; or another result of the class lies between.
            (Rule::Initialised, &[("acc <- acc s1", "acc <- s2 s1")]),
            (Rule::Results, &[("i32.mul acc", "copy s3 <- s1\ni32.mul acc")]),
            (Rule::Results, &[("return1 acc", "const32 s3 <- 1\nreturn1 acc")]),
            (Rule::Results, &[("return1 acc", "const32 acc <- 1\nreturn1 acc")]),
            // The other source; the source of another class.
            (Rule::Results, &[("i32.mul acc <- acc s1", "i32.shl acc <- s1 acc")]),
            (
                Rule::Initialised,
                &[("i32.mul acc <- acc s1", "copy_f32 s2 <- acc\ni32.mul acc <- s2 s1")],
            ),
            (Rule::Initialised, &[("return1 acc", "copy_f64 s3 <- acc\nreturn1 s3")]),
        ],
    },
    Case {
        name: "floats have accumulators of their own",
        module: "(module (func (param f64 f32 i32) (result f64)
            local.get 0 f64.neg local.get 1 f32.neg f64.promote_f32 f64.add))",
        code: "f64.neg s4 <- s0
            f32.neg acc <- s1
            f64.promote_f32 acc <- acc
            f64.add s4 <- s4 acc
            !end 8
            return1 s4",
        right: &[
            &[("return1 s4", "copy_f64 s3 <- acc\nreturn1 s3")],
            &[("f64.neg s4 <- s0\nf32.neg acc <- s1", "f32.neg acc <- s1\nf64.neg s4 <- s0")],
        ],
        wrong: &[
            (Rule::Results, &[("s4 <- s4 acc", "s4 <- acc s4")]),
            // The integer accumulator has nothing of theirs.
            (Rule::Initialised, &[("return1 s4", "return1 acc")]),
            (Rule::Results, &[("promote_f32 acc", "promote_f32 s4")]),
        ],
    },
    Case {
        // 0 get, 2 const, 4 add, 5 get, 7 block, 9 get, 11 br_if, 13 end, 14 add, 15 end.
        name: "behind a label nothing is known of them",
        module: "(module (func (param i32 i32) (result i32)
            local.get 0 i32.const 1 i32.add block local.get 1 br_if 0 end i32.const 3 i32.mul))",
        code: "i32.add_imm s2 <- s0 1
            !end 5
            br_if s1 -> @out
            !end 9
            @out:
            !end 11
            i32.mul_imm acc <- s2 3
            !end 15
            return1 acc",
        right: &[&[("i32.mul_imm acc <- s2", "copy s3 <- s2\ni32.mul_imm acc <- acc")]],
        wrong: &[
            (Rule::Initialised, &[("mul_imm acc <- s2", "mul_imm acc <- acc")]),
            (Rule::Frozen, &[("add_imm s2", "add_imm acc")]),
        ],
    },
    Case {
        // 0 loop, 2 get, 4 const, 6 add, 7 tee, 9 br_if, 11 end, 12 get, 14 end.
        name: "a loop's header is a label",
        module: "(module (func (param i32) (result i32)
            loop local.get 0 i32.const 1 i32.add local.tee 0 br_if 0 end local.get 0))",
        code: "@head:
            !end 0
            i32.add_imm s0 <- s0 1
            br_if acc -> @head
            !end 9
            !end 11
            !end 14
            return1 acc",
        right: &[&[("return1 acc", "return1 s0")]],
        wrong: &[
            (Rule::Initialised, &[("add_imm s0 <- s0", "add_imm s0 <- acc")]),
            (Rule::Frozen, &[("add_imm s0 <- s0", "add_imm acc <- s0")]),
        ],
    },
    Case {
        // 0 get, 2 const, 4 add, 5 get, 7 if, 9 const, 11 add, 12 else, 13 const, 15 mul, 16 end.
        name: "the second of two ways begins without them",
        module: "(module (func (param i32 i32) (result i32)
            local.get 0 i32.const 1 i32.add local.get 1
            if (param i32) (result i32) i32.const 2 i32.add else i32.const 3 i32.mul end))",
        code: "i32.add_imm s2 <- s0 1
            br_if_not s1 -> @else
            !end 7
            i32.add_imm s2 <- acc 2
            br -> @out
            @else:
            !end 12
            i32.mul_imm s2 <- s2 3
            @out:
            !end 16
            !end 17
            return1 s2",
        right: &[&[("s2 <- acc 2", "s2 <- s2 2")]],
        wrong: &[
            (Rule::Initialised, &[("i32.mul_imm s2 <- s2", "i32.mul_imm s2 <- acc")]),
            (Rule::Initialised, &[("return1 s2", "return1 acc")]),
        ],
    },
    Case {
        name: "neither a call nor an operation of the store leaves them",
        module: "(module (memory 1) (func) (func (param i32) (result i32) (local i32)
            local.get 0 i32.const 1 i32.add
            call 0
            memory.size drop
            i32.const 7 i32.add))",
        code: "!func 1
            i32.add_imm s2 <- s0 1
            0x5 call s3.. func0
            0x7 memory.size s3 <- mem0
            i32.add_imm acc <- s2 7
            !end 13
            return1 acc",
        right: &[&[("memory.size s3", "copy s3 <- s2\nmemory.size s3")]],
        wrong: &[
            (
                Rule::Initialised,
                &[(
                    "0x7 memory.size s3 <- mem0\ni32.add_imm acc <- s2",
                    "0x7 memory.size s3 <- mem0\ncopy_f64 s3 <- acc\ni32.add_imm acc <- s2",
                )],
            ),
            (Rule::Initialised, &[("0x7 memory.size", "copy s3 <- acc\n0x7 memory.size")]),
            (Rule::Results, &[("i32.add_imm acc <- s2", "i32.add_imm acc <- acc")]),
            (
                Rule::Initialised,
                &[
                    ("0x7 memory.size", "copy_f32 s3 <- s0\n0x7 memory.size"),
                    ("i32.add_imm acc", "copy_f32 s3 <- acc\ni32.add_imm acc"),
                ],
            ),
        ],
    },
    Case {
        name: "a copy of 32 bits is not one of 64",
        module: "(module (func (param i64) (result i64) local.get 0))",
        code: "copy s1 <- s0
            !end 2
            return1 s1",
        right: &[&[("copy", "copy_f64")]],
        wrong: &[
            (Rule::Kinds, &[("copy", "copy_f32")]),
            (Rule::Kinds, &[("copy", "copy_f32 acc <- s0\ncopy")]),
            (Rule::Kinds, &[("copy s1", "copy s1 <- s0\ncopy_f32 s1")]),
            (Rule::Initialised, &[("copy s1 <- s0", "copy_f32 s1 <- acc")]),
            (Rule::Initialised, &[("copy s1 <- s0", "copy_f32 s1 <- s1")]),
        ],
    },
    Case {
        name: "a slot that holds a parameter of 32 bits may be copied as one",
        module: "(module (func (param v128 i64 f32 i32) (result f32) local.get 2 f32.neg))",
        code: "!frame 7
            copy_f32 acc <- s3
            f32.neg s5 <- acc
            !end 3
            return1 s5",
        right: &[
            &[("copy_f32 acc", "copy s6 <- s3\ncopy_f32 acc"), ("<- s3\nf32", "<- s6\nf32")],
            &[("copy_f32", "copy_f32 s6 <- s4\ncopy_f32")],
            &[("return1 s5", "copy_f32 s6 <- acc\nreturn1 s6")],
        ],
        wrong: &[
            (Rule::Kinds, &[("copy_f32", "copy_f32 s6 <- s0\ncopy_f32")]),
            (Rule::Kinds, &[("copy_f32", "copy_f32 s6 <- s1\ncopy_f32")]),
            (Rule::Kinds, &[("copy_f32", "copy_f32 s6 <- s2\ncopy_f32")]),
            // Of a slot that was written it is not asked with what.
            (Rule::Kinds, &[("return1 s5", "copy_f32 s6 <- s5\nreturn1 s6")]),
        ],
    },
    Case {
        // 0 get, 2 const, 4 add, 5 drop, 8 const, 10 add, 11 end.
        name: "an operation without result leaves nothing in them either",
        module: "(module (memory 1) (data \"a\") (func (param i32) (result i32)
            local.get 0 i32.const 1 i32.add data.drop 0 i32.const 7 i32.add))",
        code: "i32.add_imm s1 <- s0 1
            0x5 data.drop data0
            i32.add_imm acc <- s1 7
            !end 11
            return1 acc",
        right: &[&[("i32.add_imm acc <- s1", "copy s2 <- s1\ni32.add_imm acc <- acc")]],
        wrong: &[(Rule::Initialised, &[("i32.add_imm acc <- s1", "i32.add_imm acc <- acc")])],
    },
];
