//! One case for each kind of fault that a walk over two sides can have: what it does not undo,
//! forget or compare.
//!
//! A case was written for a fault of the check's own source with which its wrong code is accepted.
//! `.ci/mutants` plants such faults one by one.

use super::Case;
use crate::Rule;

pub(super) const CASES: &[Case] = &[
    Case {
        // 0 call, 2 get, 4 if, 6 call, 8 const, 10 else, 11 get, 13 end, 14 end.
        name: "a call before an if, and one above it in an arm",
        module: "(module (import \"\" \"f\" (func)) (func (param i32) (result i32)
            call 0 local.get 0 if (result i32) call 0 i32.const 1 else local.get 0 end))",
        code: "!frame 5
            copy s3 <- s0
            0x0 call_import s2.. func0
            br_if_not s0 -> @else
            !end 4
            0x6 call_import s1.. func0
            const32 s1 <- 1
            br -> @out
            @else:
            !end 10
            copy s1 <- s0
            @out:
            !end 13
            !end 14
            return1 s1",
        right: &[&[
            ("0x0 call_import s2", "0x0 call_import s4"),
            ("copy s1 <- s0", "copy s1 <- s3"),
        ]],
        wrong: &[
            // The first call has overwritten it.
            (Rule::Initialised, &[("copy s1 <- s0", "copy s1 <- s3")]),
        ],
    },
    Case {
        // 0 call, 2 call, 4 get, 6 end.
        name: "two calls, one above the other",
        module: "(module (import \"\" \"f\" (func)) (func (param i32) (result i32)
            call 0 call 0 local.get 0))",
        code: "!frame 5
            copy s2 <- s0
            0x0 call_import s4.. func0
            0x2 call_import s4.. func0
            !end 6
            return1 s2",
        right: &[&[("0x2 call_import s4", "0x2 call_import s3")]],
        wrong: &[
            (Rule::Initialised, &[("0x0 call_import s4", "0x0 call_import s1")]),
            (Rule::Initialised, &[("0x2 call_import s4", "0x2 call_import s1")]),
            (Rule::Initialised, &[("0x0 call_import s4", "0x0 call_import s2")]),
        ],
    },
    Case {
        // 0 get, 2 load, 5 call, 7 drop, 8 end.
        name: "the result of a call, and that of the effect before it",
        module: "(module (import \"\" \"f\" (func (result i32))) (memory 1) (func (param i32) (result i32)
            local.get 0 i32.load call 0 drop))",
        code: "!frame 3
            0x2 i32.load s1 <- s0 +0
            0x5 call_import s2.. func0
            !end 8
            return1 s1",
        right: &[],
        wrong: &[(Rule::Results, &[("return1 s1", "return1 s2")])],
    },
    Case {
        // 0 call, 2 set, 4 drop, 5 get, 7 end.
        name: "a result behind one of two cells",
        module: "(module (import \"\" \"f\" (func (result v128 i32))) (func (param i32) (result i32)
            call 0 local.set 0 drop local.get 0))",
        code: "!frame 4
            0x0 call_import s1.. func0
            copy s0 <- s3
            !end 7
            return1 s0",
        right: &[],
        wrong: &[(Rule::Results, &[("copy s0 <- s3", "copy s0 <- s1")])],
    },
    Case {
        // 0 get, 2 end.
        name: "a vector that nothing has set",
        module: "(module (func (param i32) (result v128) (local v128) local.get 1))",
        code: "!frame 5
            copy_v128 s3:2 <- s1:2
            !end 2
            copy_v128 s0:2 <- s3:2
            return",
        right: &[&[("copy_v128 s0:2 <- s3:2", "copy_v128 s0:2 <- s1:2")]],
        wrong: &[(Rule::Results, &[("copy_v128 s0:2 <- s3:2", "copy s1 <- s0")])],
    },
    Case {
        // 0 call, 2 get, 4 load, 7 drop, 8 end.
        name: "the result of an effect, and that of the call before it",
        module: "(module (import \"\" \"f\" (func (result i32))) (memory 1) (func (param i32) (result i32)
            call 0 local.get 0 i32.load drop))",
        code: "!frame 3
            0x0 call_import s1.. func0
            0x4 i32.load s2 <- s0 +0
            !end 8
            return1 s1",
        right: &[],
        wrong: &[(Rule::Results, &[("return1 s1", "return1 s2")])],
    },
    Case {
        // 0 block, 2 get, 4 br_if, 6 unreachable, 7 block, 9 end, 10 end, 11 end.
        name: "a block in unreachable code",
        module: "(module (func (param i32)
            block local.get 0 br_if 0 unreachable block end end))",
        code: "!end 0
            br_if s0 -> @b
            !end 4
            0x6 unreachable
            @b:
            !end 10
            !end 11
            return",
        right: &[],
        wrong: &[(Rule::Extents, &[("!end 10", "!end 9")])],
    },
    Case {
        // 0 const, 2 drop, 3 loop, 5 get, 7 if, 9 const, 11 block, 13 get, 15 br_if, 17 end, 18
        // else, 19 const, 21 end, 22 end, 23 end.
        name: "a label in one arm, higher than the one before the if",
        module: "(module (func (param i32) (result i32)
            i32.const 7 drop
            loop (result i32)
                local.get 0
                if (result i32) i32.const 1 block local.get 0 br_if 0 end else i32.const 7 end
            end))",
        code: "!end 3
            br_if_not s0 -> @else
            !end 7
            const32 s1 <- 1
            !end 11
            br_if s0 -> @b
            !end 15
            @b:
            !end 17
            br -> @out
            @else:
            !end 18
            const32 s1 <- 7
            @out:
            !end 21
            !end 22
            !end 23
            return1 s1",
        right: &[],
        wrong: &[
            // The Wasm's stack has had a 7 there before, and the code never.
            (Rule::Values, &[("const32 s1 <- 7\n", "")]),
        ],
    },
    Case {
        // 0 get, 2 if, 4 const, 6 block, 8 unreachable, 9 end, 10 else, 11 const, 13 block, 15 get,
        // 17 br_if, 19 end, 20 end, 21 end.
        name: "a block in an arm that ends nowhere",
        module: "(module (func (param i32) (result i32)
            local.get 0
            if (result i32) i32.const 1 block unreachable end
            else i32.const 2 block local.get 0 br_if 0 end end))",
        code: "br_if_not s0 -> @else
            !end 2
            const32 s1 <- 1
            !end 6
            0x8 unreachable
            @else:
            !end 10
            const32 s1 <- 2
            !end 13
            br_if s0 -> @b
            !end 17
            @b:
            !end 19
            !end 20
            !end 21
            return1 s1",
        right: &[&[("!end 2\nconst32 s1 <- 1", "!end 2")]],
        wrong: &[
            (Rule::Frozen, &[("const32 s1 <- 2\n", "")]),
            (Rule::Frozen, &[("const32 s1 <- 2\n", ""), ("!end 20", "const32 s1 <- 2\n!end 20")]),
        ],
    },
    Case {
        // 0 block, 2 get, 4 br_if, 6 const, 8 set, 10 unreachable, 11 end, 12 const, 14 set, 16
        // block, 18 get, 20 br_if, 22 end, 23 get, 25 end.
        name: "a local that is wrong where control ends",
        module: "(module (func (param i32 i32) (result i32)
            block local.get 1 br_if 0 i32.const 5 local.set 0 unreachable end
            i32.const 6 local.set 0
            block local.get 1 br_if 0 end
            local.get 0))",
        code: "!end 0
            br_if s1 -> @out
            !end 4
            0xa unreachable
            @out:
            !end 11
            const32 s0 <- 6
            !end 16
            br_if s1 -> @b
            !end 20
            @b:
            !end 22
            !end 25
            return1 s0",
        right: &[&[("0xa", "const32 s0 <- 5\n0xa")]],
        wrong: &[
            (Rule::Frozen, &[("const32 s0 <- 6\n", "")]),
            (Rule::Frozen, &[("const32 s0 <- 6", "const32 s0 <- 5")]),
        ],
    },
    Case {
        // 0 const, 2 set, 4 get, 6 if, 8 nop, 9 else, 10 nop, 11 end, 12 get, 14 end.
        name: "a local that each arm puts right",
        module: "(module (func (param i32 i32) (result i32)
            i32.const 5 local.set 0 local.get 1 if nop else nop end local.get 0))",
        code: "br_if_not s1 -> @else
            !end 6
            const32 s0 <- 5
            br -> @out
            @else:
            !end 9
            const32 s0 <- 5
            @out:
            !end 11
            !end 14
            return1 s0",
        right: &[],
        wrong: &[
            (Rule::Frozen, &[("!end 6\nconst32 s0 <- 5\n", "!end 6\n")]),
            (Rule::Frozen, &[("!end 9\nconst32 s0 <- 5\n", "!end 9\n")]),
        ],
    },
    Case {
        // 0 block, 2 const, 4 get, 6 br_if, 8 drop, 9 const, 11 end, 12 end.
        name: "the same value on an edge and behind it",
        module: "(module (func (param i32) (result i32)
            block (result i32) i32.const 1 local.get 0 br_if 0 drop i32.const 1 end))",
        code: "!end 0
            br_if_not s0 -> @skip
            const32 s1 <- 1
            br -> @out
            @skip:
            !end 6
            const32 s1 <- 1
            @out:
            !end 11
            !end 12
            return1 s1",
        right: &[&[
            (
                "br_if_not s0 -> @skip\nconst32 s1 <- 1\nbr -> @out\n@skip:",
                "const32 s1 <- 1\nbr_if s0 -> @out",
            ),
            ("!end 6\nconst32 s1 <- 1\n", "!end 6\n"),
        ]],
        wrong: &[
            (Rule::Values, &[("!end 6\nconst32 s1 <- 1\n", "!end 6\n")]),
            (Rule::Values, &[("-> @skip\nconst32 s1 <- 1\n", "-> @skip\n")]),
        ],
    },
    Case {
        // 0 block, 2 block, 4 const, 6 get, 8 br_table, 12 end, 13 const, 15 add, 16 end, 17 end.
        name: "two labels of a table with the same value",
        module: "(module (func (param i32) (result i32)
            block (result i32)
                block (result i32) i32.const 7 local.get 0 br_table 0 1 end
                i32.const 3 i32.add
            end))",
        code: "!end 0
            !end 2
            br_table s0 0 -> @x @y
            @x:
            const32 s1 <- 7
            br -> @in
            @y:
            const32 s1 <- 7
            br -> @out
            !end 8
            @in:
            !end 12
            i32.add_imm s1 <- s1 3
            @out:
            !end 16
            !end 17
            return1 s1",
        right: &[],
        wrong: &[
            // The edge before has written it, on another way.
            (Rule::Values, &[("@y:\nconst32 s1 <- 7\n", "@y:\n")]),
            // One way for both.
            (Rule::Labels, &[("@x @y", "@x @x"), ("@y:\nconst32 s1 <- 7\nbr -> @out\n", "")]),
            (Rule::Labels, &[("br -> @in", "br -> @out")]),
        ],
    },
    Case {
        // 0 block, 2 get, 4 block, 6 try_table, 11 try_table, 17 call, 19 end, 20 end, 21 end, 22
        // drop, 23 end, 24 get, 26 end.
        name: "a clause to a high label around one to a low label",
        module: "(module (import \"\" \"f\" (func)) (tag) (func (param i32) (result i32)
            block local.get 0 block
                try_table (catch_all 0) try_table (catch 0 2) call 0 end end
            end drop end local.get 0))",
        code: "!catch 2 4 0 0 4 1
            !catch 2 4 4294967295 0 4 2
            !end 0
            copy s1 <- s0
            !end 4
            !end 6
            !end 11
            0x11 call_import s2.. func0
            !end 19
            !end 20
            !end 21
            !end 23
            !end 26
            return1 s0",
        right: &[],
        wrong: &[
            // Where the call throws, the value below the outer clause's label is not yet in its
            // slot.
            (
                Rule::Frozen,
                &[
                    ("copy s1 <- s0\n", ""),
                    ("!end 20\n", "!end 20\ncopy s1 <- s0\n"),
                    ("!catch 2 4 0", "!catch 0 2 0"),
                    ("!catch 2 4 4294967295", "!catch 0 2 4294967295"),
                ],
            ),
        ],
    },
    Case {
        // 0 block, 2 get, 4 block, 6 try_table, 14 call, 16 end, 17 end, 18 drop, 19 end, 20 get,
        // 22 end.
        name: "two clauses, the second to a lower label",
        module: "(module (import \"\" \"f\" (func)) (tag) (func (param i32) (result i32)
            block local.get 0 block
                try_table (catch 0 0) (catch_all 1) call 0 end
            end drop end local.get 0))",
        code: "!catch 2 4 0 0 4 2
            !catch 2 4 4294967295 0 4 1
            !end 0
            copy s1 <- s0
            !end 4
            !end 6
            0xe call_import s2.. func0
            !end 16
            !end 17
            !end 19
            !end 22
            return1 s0",
        right: &[],
        wrong: &[(
            Rule::Frozen,
            &[
                ("copy s1 <- s0\n", ""),
                ("!end 16\n", "!end 16\ncopy s1 <- s0\n"),
                ("!catch 2 4 0", "!catch 0 2 0"),
                ("!catch 2 4 4294967295", "!catch 0 2 4294967295"),
            ],
        )],
    },
    Case {
        // 0 get, 2 if, 4 const, 6 set, 8 get, 10 if, 12 end, 13 get, 15 else, 16 get, 18 end, 19
        // end.
        name: "a local that one arm writes before a mark that is forgotten there",
        module: "(module (func (param i32 i32 i32) (result i32)
            local.get 1 if (result i32)
                i32.const 10 local.set 0 local.get 2 if end local.get 0
            else local.get 0 end))",
        code: "br_if_not s1 -> @else
            !end 2
            const32 s0 <- 10
            br_if_not s2 -> @in
            !end 10
            @in:
            !end 12
            copy s3 <- s0
            br -> @out
            @else:
            !end 15
            copy s3 <- s0
            @out:
            !end 18
            !end 19
            return1 s3",
        right: &[],
        wrong: &[
            // Writes of the other arm are undone in this one.
            (Rule::Values, &[("!end 15\ncopy s3 <- s0", "!end 15\nconst32 s3 <- 10")]),
            (Rule::Values, &[("!end 15\ncopy s3 <- s0", "!end 15\n")]),
        ],
    },
    Case {
        // 0 get, 2 get, 4 get, 6 if, 8 clz, 9 else, 10 ctz, 11 end, 12 set, 14 end.
        name: "a v128 and a value above it at an else and at a label",
        module: "(module (func (param v128 i32) (result v128)
            local.get 0 local.get 1 local.get 1
            if (param v128 i32) (result v128 i32) i32.clz else i32.ctz end
            local.set 1))",
        code: "br_if_not s2 -> @else
            !end 6
            copy_v128 s3:2 <- s0:2
            i32.clz s5 <- s2
            br -> @out
            @else:
            !end 9
            copy_v128 s3:2 <- s0:2
            i32.ctz s5 <- s2
            @out:
            !end 11
            copy s2 <- s5
            !end 14
            return2 s3 s4",
        right: &[&[("copy s2 <- s5\n", "")]],
        wrong: &[
            (Rule::Values, &[("i32.ctz s5 <- s2", "i32.clz s5 <- s2")]),
            (Rule::Values, &[("i32.ctz s5 <- s2", "i32.ctz s4 <- s2")]),
            (Rule::Values, &[("!end 9\ncopy_v128 s3:2 <- s0:2", "!end 9\ncopy s3 <- s0")]),
            (Rule::Results, &[("return2 s3 s4", "return2 s4 s3")]),
            (Rule::Results, &[("return2 s3 s4", "return2 s3 s3")]),
        ],
    },
];
