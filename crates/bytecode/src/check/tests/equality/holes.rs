//! Attempts on the proof: code that computes something else and aims at a weak place of the
//! abstract state.

use super::Case;
use crate::Rule;

pub(super) const CASES: &[Case] = &[
    Case {
        // 0 const, 2 block, 4 get, 6 br_if, 8 end, 9 const, 11 add, 12 end.
        name: "a constant below a block is in its slot like any value",
        module: "(module (func (param i32) (result i32)
            i32.const 7 block local.get 0 br_if 0 end i32.const 1 i32.add))",
        code: "const32 s1 <- 7
            !end 2
            br_if s0 -> @out
            !end 6
            @out:
            !end 8
            const32 s2 <- 1
            i32.add s1 <- s1 s2
            !end 12
            return1 s1",
        right: &[&[("const32 s1 <- 7", "const32 s1 <- 9\nconst32 s1 <- 7")]],
        wrong: &[
            (Rule::Frozen, &[("<- 7", "<- 99")]),
            (Rule::Frozen, &[("const32 s1 <- 7\n", "")]),
            (
                Rule::Frozen,
                &[("const32 s1 <- 7\n", ""), ("const32 s2", "const32 s1 <- 7\nconst32 s2")],
            ),
            (Rule::Results, &[("!end 8", "!end 8\nconst32 s1 <- 8")]),
        ],
    },
    Case {
        // 0 const, 2 block, 4 get, 6 if, 8 block, 10 br, 12 end, 13 else, 14 end, 15 end, 16 const,
        // 18 add, 19 end.
        name: "a constant that one arm overwrites",
        module: "(module (func (param i32) (result i32)
            i32.const 7
            block local.get 0 if block br 2 end else end end
            i32.const 1 i32.add))",
        code: "const32 s1 <- 7
            !end 2
            br_if_not s0 -> @else
            !end 6
            !end 8
            br -> @out
            !end 10
            @else:
            !end 13
            !end 14
            @out:
            !end 15
            const32 s2 <- 1
            i32.add s1 <- s1 s2
            !end 19
            return1 s1",
        right: &[&[("!end 8", "const32 s1 <- 99\n!end 8\nconst32 s1 <- 7")]],
        wrong: &[
            (Rule::Frozen, &[("!end 8", "const32 s1 <- 99\n!end 8")]),
            (Rule::Frozen, &[("!end 14", "const32 s1 <- 99\n!end 14")]),
        ],
    },
    Case {
        // 0 get, 2 loop, 4 get, 6 br_if, 8 end, 9 get, 11 add, 12 end.
        name: "a slot from before a loop that is no part of its relation",
        module: "(module (func (param i32) (result i32)
            local.get 0 loop local.get 0 br_if 0 end local.get 0 i32.add))",
        code: "copy s1 <- s0
            @head:
            !end 2
            br_if s0 -> @head
            !end 6
            !end 8
            i32.add s1 <- s1 s0
            !end 12
            return1 s1",
        right: &[],
        wrong: &[
            // s2 holds the same on every turn, but the relation does not say so.
            (
                Rule::Initialised,
                &[("copy s1 <- s0", "copy s1 <- s0\ncopy s2 <- s0"), ("s1 s0", "s2 s0")],
            ),
            (Rule::Results, &[("s1 s0", "s1 s1")]),
        ],
    },
    Case {
        // 0 get, 2 get, 4 if, 6 const, 8 set, 10 else, 11 const, 13 set, 15 end, 16 end.
        name: "a frozen slot that both arms overwrite",
        module: "(module (func (param i32 i32) (result i32)
            local.get 0 local.get 1 if i32.const 1 local.set 0 else i32.const 2 local.set 0 end))",
        code: "copy s2 <- s0
            br_if_not s1 -> @else
            !end 4
            const32 s0 <- 1
            br -> @out
            @else:
            !end 10
            const32 s0 <- 2
            @out:
            !end 15
            !end 16
            return1 s2",
        right: &[],
        wrong: &[
            (Rule::Frozen, &[("const32 s0 <- 1", "const32 s0 <- 1\ncopy s2 <- s0")]),
            (Rule::Frozen, &[("const32 s0 <- 2", "const32 s0 <- 2\ncopy s2 <- s0")]),
            // The first arm's writes do not last into the second.
            (
                Rule::Frozen,
                &[("const32 s0 <- 1", "const32 s0 <- 2"), ("const32 s0 <- 2\n@out", "@out")],
            ),
            (
                Rule::Frozen,
                &[
                    ("copy s2 <- s0", "const32 s2 <- 0"),
                    ("const32 s0 <- 1", "copy s2 <- s0\nconst32 s0 <- 1"),
                ],
            ),
        ],
    },
    Case {
        // 0 const, 2 block, 4 get, 6 br_if, 8 const, 10 drop, 11 end, 12 get, 14 add, 15 end.
        name: "a dead slot above a label, written again",
        module: "(module (func (param i32) (result i32)
            i32.const 5 block local.get 0 br_if 0 i32.const 6 drop end local.get 0 i32.add))",
        code: "const32 s1 <- 5
            !end 2
            br_if s0 -> @out
            !end 6
            const32 s2 <- 6
            @out:
            !end 11
            i32.add s1 <- s1 s0
            !end 15
            return1 s1",
        right: &[],
        wrong: &[
            (Rule::Initialised, &[("s1 s0", "s2 s0")]),
            (
                Rule::Initialised,
                &[("const32 s1 <- 5", "const32 s1 <- 5\nconst32 s2 <- 5"), ("s1 s0", "s2 s0")],
            ),
        ],
    },
    Case {
        // 0 unreachable, 1 end.
        name: "code where the Wasm is dead",
        module: "(module (func (result i32) unreachable i32.const 1))",
        code: "0x0 unreachable",
        right: &[],
        wrong: &[
            (Rule::Extents, &[("unreachable", "unreachable\nconst32 s0 <- 1\nreturn1 s0")]),
            (Rule::Extents, &[("unreachable", "unreachable\n!end 3\nconst32 s0 <- 1\nreturn1 s0")]),
            (Rule::Effects, &[("0x0 unreachable", "const32 s0 <- 1\nreturn1 s0")]),
        ],
    },
    Case {
        // 0 block, 2 get, 4 i64.eqz, 5 br_if, 7 const, 9 return, 10 end, 11 const, 13 end.
        name: "an i64 as a condition",
        module: "(module (func (param i64) (result i32)
            block local.get 0 i64.eqz br_if 0 i32.const 1 return end i32.const 2))",
        code: "!end 0
            br_i64.eq_imm s0 0 -> @out
            !end 5
            const32 s1 <- 1
            return1 s1
            !end 9
            @out:
            !end 10
            const32 s1 <- 2
            !end 13
            return1 s1",
        right: &[],
        wrong: &[
            // These look at 32 bits.
            (Rule::Conditions, &[("br_i64.eq_imm s0 0", "br_if_not s0")]),
            (Rule::Conditions, &[("br_i64.eq_imm s0 0", "br_i32.eq_imm s0 0")]),
            (Rule::Conditions, &[("br_i64.eq_imm s0 0", "br_i64.eq_imm s0 1")]),
        ],
    },
    Case {
        // 0 block, 2 block, 4 const, 6 get, 8 br_table, 12 end, 13 end, 14 end.
        name: "an edge's code that falls into the next edge",
        module: "(module (func (param i32) (result i32)
            block (result i32) block (result i32) i32.const 3 local.get 0 br_table 0 1 end end))",
        code: "!end 0
            !end 2
            const32 s1 <- 3
            br_table s0 0 -> @in @out
            !end 8
            @in:
            !end 12
            @out:
            !end 13
            !end 14
            return1 s1",
        right: &[],
        wrong: &[
            (Rule::Values, &[("const32 s1 <- 3", "const32 s1 <- 4")]),
            (Rule::Labels, &[("@in:\n", ""), ("!end 8", "@in:\nconst32 s1 <- 3\n!end 8")]),
            (Rule::Values, &[("@in:\n!end 12", "@in:\n!end 12\nconst32 s1 <- 4")]),
        ],
    },
    Case {
        // 0 get, 2 get, 4 get, 6 select, 7 end.
        name: "both halves of a vector that is selected",
        module: "(module (func (param v128 v128 i32) (result v128)
            local.get 0 local.get 1 local.get 2 select))",
        code: "select_v128 s5:2 <- s0:2 s2:2 s4
            !end 7
            copy_v128 s0:2 <- s5:2
            return",
        right: &[&[("copy_v128 s0:2 <- s5:2", "copy s0 <- s5\ncopy s1 <- s6")]],
        wrong: &[
            (Rule::Results, &[("copy_v128 s0:2 <- s5:2", "copy s0 <- s5")]),
            (Rule::Results, &[("copy_v128 s0:2 <- s5:2", "copy s1 <- s6")]),
        ],
    },
    Case {
        // 0 get, 2 tee, 4 end.
        name: "both halves of a vector that is set and stays",
        module: "(module (func (param v128 v128) (result v128) local.get 1 local.tee 0))",
        code: "!end 4
            copy_v128 s0:2 <- s2:2
            return",
        right: &[&[("copy_v128 s0:2 <- s2:2", "copy s0 <- s2\ncopy s1 <- s3")]],
        wrong: &[
            (Rule::Results, &[("copy_v128 s0:2 <- s2:2", "copy s0 <- s2")]),
            (Rule::Results, &[("copy_v128 s0:2 <- s2:2", "copy s1 <- s3")]),
        ],
    },
    Case {
        // 0 const, 2 block, 4 get, 6 br_if, 8 end, 9 drop, 10 call, 12 const, 14 set, 16 const, 18
        // set, 20 end.
        name: "a cell below the label before, written behind a call",
        module: "(module (import \"\" \"f\" (func)) (global (mut i32) (i32.const 0))
            (global (mut i32) (i32.const 0))
            (func (param i32)
                i32.const 2 block local.get 0 br_if 0 end drop
                call 0 i32.const 1 global.set 0 i32.const 1 global.set 1))",
        code: "const32 s1 <- 2
            !end 2
            br_if s0 -> @out
            !end 6
            @out:
            !end 8
            0xa call_import s1.. func0
            const32 s1 <- 1
            0xe global.set global0 s1
            0x12 global.set global1 s1
            !end 20
            return",
        right: &[],
        wrong: &[
            (Rule::Effects, &[("const32 s1 <- 1", "const32 s1 <- 2")]),
            (Rule::Initialised, &[("const32 s1 <- 1\n", "")]),
            (Rule::Effects, &[("0x12", "const32 s1 <- 2\n0x12")]),
        ],
    },
    Case {
        // 0 get, 2 if, 4 get, 6 const, 8 set, 10 get, 12 br_if, 14 else, 15 const, 17 end, 18 end.
        name: "a local that is set between two points to come back to",
        module: "(module (func (param i32 i32) (result i32)
            local.get 1
            if (result i32) local.get 0 i32.const 5 local.set 0 local.get 1 br_if 0
            else i32.const 3 end))",
        code: "br_if_not s1 -> @else
            !end 2
            copy s3 <- s0
            const32 s0 <- 5
            br_if_not s1 -> @skip
            copy s2 <- s3
            br -> @end
            @skip:
            !end 12
            copy s2 <- s3
            br -> @end
            @else:
            !end 14
            const32 s2 <- 3
            @end:
            !end 17
            !end 18
            return1 s2",
        right: &[],
        wrong: &[
            (Rule::Values, &[("!end 12\ncopy s2 <- s3", "!end 12\ncopy s2 <- s0")]),
            (Rule::Values, &[("copy s2 <- s3\nbr", "copy s2 <- s0\nbr")]),
            (Rule::Frozen, &[("const32 s0 <- 5\n", "")]),
        ],
    },
    Case {
        // 0 get, 2 if, 4 unreachable, 5 const, 7 if, 9 nop, 10 else, 11 const, 13 set, 15 end, 16
        // end, 17 end.
        name: "an else where the Wasm is dead",
        module: "(module (global (mut i32) (i32.const 0)) (func (param i32)
            local.get 0
            if unreachable i32.const 1 if nop else i32.const 9 global.set 0 end end))",
        code: "br_if_not s0 -> @out
            !end 2
            0x4 unreachable
            @out:
            !end 16
            !end 17
            return",
        right: &[],
        wrong: &[(
            Rule::Extents,
            &[(
                "!end 16\n!end 17\n",
                "!end 10\nconst32 s1 <- 9\n0xd global.set global0 s1\n!end 15\n!end 16\n",
            )],
        )],
    },
    Case {
        // 0 const, 18 const, 36 end.
        name: "both halves of constant vectors",
        module: "(module (func (result v128 v128) v128.const i64x2 1 2 v128.const i64x2 0 0))",
        code: "const128 s0:2 <- 0x00000000000000020000000000000001
            const128 s2:2 <- 0x00000000000000000000000000000000
            !end 36
            return",
        right: &[],
        wrong: &[
            (Rule::Results, &[("020000000000000001", "020000000000000003")]),
            (Rule::Results, &[("020000000000000001", "030000000000000001")]),
            (
                Rule::Results,
                &[("0x00000000000000000000000000000000", "0x00000000000000000000000000000001")],
            ),
            (
                Rule::Results,
                &[("0x00000000000000000000000000000000", "0x00000000000000010000000000000000")],
            ),
        ],
    },
    Case {
        // 0 unreachable, 1 const, 19 popcnt, 21 drop, 22 end.
        name: "vectors where the Wasm is dead",
        module: "(module (func unreachable v128.const i64x2 0 0 i8x16.popcnt drop))",
        code: "0x0 unreachable",
        right: &[],
        wrong: &[(Rule::Effects, &[("0x0 unreachable", "return")])],
    },
];
