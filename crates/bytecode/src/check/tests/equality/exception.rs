//! Exceptions and references: what must hold where something may throw, and which handlers there
//! are.

use super::Case;
use crate::Rule;

pub(super) const CASES: &[Case] = &[
    Case {
        // 0 get, 2 block, 4 try_table, 10 const, 12 set, 14 get, 16 call, 18 const, 20 set, 22 end,
        // 23 const, 25 end, 26 add, 27 get, 29 add, 30 end; the handler's range is @2 to @10.
        name: "a call that may throw between two writes of a local",
        module: "(module (import \"\" \"t\" (func (param i32))) (tag (param i32)) (tag (param i32))
            (func (param i32) (result i32) (local i32)
            local.get 0
            block (result i32)
                try_table (catch 0 0) i32.const 5 local.set 1 local.get 1 call 0 i32.const 9 local.set 1 end
                i32.const 3
            end
            i32.add local.get 1 i32.add))",
        code: "!catch 2 10 0 0 12 3
            copy s2 <- s0
            !end 2
            !end 4
            const32 s1 <- 5
            copy s3 <- s1
            0x10 call_import s3.. func0
            const32 s1 <- 9
            !end 22
            const32 s3 <- 3
            !end 25
            i32.add s2 <- s2 s3
            i32.add s2 <- s2 s1
            !end 30
            return1 s2",
        right: &[&[("const32 s1 <- 5\ncopy s3 <- s1", "const32 s3 <- 5\ncopy s1 <- s3")]],
        wrong: &[
            // The local has not its value yet, or has the next one already, where the call throws.
            (Rule::Frozen, &[("const32 s1 <- 5\ncopy s3 <- s1", "const32 s3 <- 5\ncopy s3 <- s3")]),
            (
                Rule::Frozen,
                &[
                    ("copy s3 <- s1\n", "copy s3 <- s1\nconst32 s1 <- 9\n"),
                    ("func0\nconst32 s1 <- 9\n", "func0\n"),
                ],
            ),
            // So has the value below the block.
            (Rule::Frozen, &[("copy s2 <- s0", "copy s2 <- s1")]),
            (Rule::Clauses, &[("!catch 2 10 0 0 12 3\n", "")]),
            (Rule::Clauses, &[("!catch 2 10 0 0 12 3\n", "!catch 2 10 0 0 12 3\n!catch 2 10 0 0 12 3\n")]),
            (Rule::Clauses, &[("!catch 2 10", "!catch 2 8")]),
            (Rule::Clauses, &[("!catch 2 10", "!catch 4 10")]),
            (Rule::Clauses, &[("!catch 2 10 0", "!catch 2 10 1")]),
            (Rule::Clauses, &[("!catch 2 10 0 0 12 3", "!catch 2 10 4294967295 1 12 3")]),
            (Rule::Clauses, &[("!catch 2 10 0 0 12 3", "!catch 2 10 0 0 12 2")]),
            (Rule::Clauses, &[("!catch 2 10 0 0 12 3", "!catch 2 10 0 0 4294967295 0")]),
            (Rule::Labels, &[("!catch 2 10 0 0 12 3", "!catch 2 10 0 0 14 3")]),
        ],
    },
    Case {
        // 0 try_table, 6 get, 8 throw, 10 end, 11 unreachable, 12 end.
        name: "a throw whose clause returns",
        module: "(module (tag (param i32)) (tag (param i32)) (func (param i32) (result i32)
            try_table (catch 0 0) local.get 0 throw 0 end unreachable))",
        code: "!catch 0 4 0 0 4294967295 0
            !end 0
            copy s1 <- s0
            0x8 throw s1.. tag0",
        right: &[],
        wrong: &[
            (Rule::Effects, &[("tag0", "tag1")]),
            (Rule::Effects, &[("copy s1 <- s0", "const32 s1 <- 1")]),
            (Rule::Places, &[("0x8 throw", "throw")]),
            (Rule::Clauses, &[("4294967295 0", "0 1")]),
            (Rule::Clauses, &[("!catch 0 4 0", "!catch 0 4 1")]),
        ],
    },
    Case {
        // 0 block, 2 try_table, 8 end, 9 const, 11 return, 12 end, 13 end.
        name: "a label that only the clause of an empty body goes to",
        module: "(module (tag (param i32)) (func (result i32)
            block (result i32) try_table (catch 0 0) end i32.const 7 return end))",
        code: "!catch 0 0 0 0 4 0
            !end 0
            !end 2
            !end 8
            const32 s0 <- 7
            return1 s0
            !end 11
            !end 12
            !end 13
            return1 s0",
        right: &[],
        wrong: &[
            (Rule::Clauses, &[("!catch 0 0 0 0 4 0\n", "")]),
            (Rule::Clauses, &[("!catch 0 0", "!catch 0 2")]),
            (Rule::Labels, &[("0 0 4 0", "0 0 1 0")]),
        ],
    },
    Case {
        // 0 block, 2 get, 4 get, 6 br_on_null, 8 call_ref, 10 end, 11 end.
        name: "a branch on null, and a call through what is left",
        module: "(module (type (func (param i32) (result i32))) (type (func (param i32) (result i32)))
            (func (param i32 (ref null 0)) (result i32)
            block (result i32) local.get 0 local.get 1 br_on_null 0 call_ref 0 end))",
        code: "!end 0
            copy s2 <- s0
            br_if_null s1 -> @out
            !end 6
            0x8 call_ref s2.. s1 type0
            @out:
            !end 10
            !end 11
            return1 s2",
        right: &[&[("br_if_null s1", "copy s3 <- s1\nbr_if_null s3")]],
        wrong: &[
            (Rule::Conditions, &[("br_if_null", "br_if_not_null")]),
            (Rule::Conditions, &[("br_if_null s1", "br_if_null s0")]),
            (Rule::Effects, &[("s2.. s1", "s2.. s0")]),
            (Rule::Effects, &[("type0", "type1")]),
            (Rule::Values, &[("copy s2 <- s0\n", "copy s2 <- s1\n")]),
            (Rule::Places, &[("0x8 call_ref", "call_ref")]),
        ],
    },
];
