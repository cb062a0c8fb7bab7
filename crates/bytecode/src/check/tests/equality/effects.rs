//! Effects: the same ones, with the same arguments, in the same order, mapped to their operators.

use super::Case;
use crate::Rule;

pub(super) const CASES: &[Case] = &[
    Case {
        // 0 get, 2 get, 4 store, 7 get, 9 load, 12 drop, 13 end.
        name: "a store and a dead load",
        module: "(module (memory 1) (memory 1) (func (param i32 i32)
            local.get 0 local.get 1 i32.store offset=4 local.get 0 i32.load offset=8 drop))",
        code: "0x4 i32.store s0 s1 +4
            0x9 i32.load s2 <- s0 +8
            !end 13
            return",
        right: &[&[("i32.load s2 <- s0 +8", "i32.load_far s2 <- s0 +8 mem0")]],
        wrong: &[
            (Rule::Effects, &[("+4", "+5")]),
            (Rule::Effects, &[("s0 s1 +4", "s0 s0 +4")]),
            (Rule::Effects, &[("s0 s1 +4", "s1 s1 +4")]),
            (Rule::Effects, &[("i32.store", "i32.store16")]),
            (Rule::Effects, &[("i32.store", "i64.store")]),
            (Rule::Effects, &[("0x9 i32.load s2 <- s0 +8\n", "")]),
            (Rule::Effects, &[("i32.load", "i64.load")]),
            (Rule::Effects, &[("i32.load", "i32.load8_u")]),
            (Rule::Effects, &[("i32.load s2 <- s0 +8", "i32.load_far s2 <- s0 +8 mem1")]),
            (Rule::Effects, &[("0x9 i32.load s2 <- s0 +8", "0x9 i32.load s2 <- s0 +8\ni32.load s2 <- s0 +8")]),
            (Rule::Effects, &[("0x4 i32.store s0 s1 +4", "0x4 i32.store s0 s1 +4\ni32.store s0 s1 +4")]),
            (Rule::Effects, &[("0x4 i32.store s0 s1 +4\n0x9 i32.load s2 <- s0 +8", "0x4 i32.load s2 <- s0 +8\n0x9 i32.store s0 s1 +4")]),
            (Rule::Places, &[("0x9 i32", "0x7 i32")]),
            (Rule::Places, &[("0x9 ", "")]),
            (Rule::Places, &[("0x4 ", "")]),
        ],
    },
    Case {
        // 0 get, 2 load8_s, 5 get, 7 load16_u, 10 add, 11 end.
        name: "narrow loads",
        module: "(module (memory 1) (func (param i32) (result i32)
            local.get 0 i32.load8_s local.get 0 i32.load16_u i32.add))",
        code: "0x2 i32.load8_s s1 <- s0 +0
            0x7 i32.load16_u s2 <- s0 +0
            i32.add s1 <- s1 s2
            !end 11
            return1 s1",
        right: &[&[("s1 s2", "s2 s1")]],
        wrong: &[
            (Rule::Results, &[("load8_s", "load8_u")]),
            (Rule::Results, &[("i32.load16_u", "i64.load16_s")]),
            (Rule::Effects, &[("load8_s", "load16_s")]),
            (Rule::Results, &[("i32.add s1 <- s1 s2", "i32.add s1 <- s1 s1")]),
        ],
    },
    Case {
        // 0 get, 2 get, 4 div_s, 5 drop, 6 end.
        name: "a dead division",
        module: "(module (func (param i32 i32) local.get 0 local.get 1 i32.div_s drop))",
        code: "0x4 i32.div_s s2 <- s0 s1
            !end 6
            return",
        right: &[&[("0x4 i32.div_s s2", "copy s3 <- s1\n0x4 i32.div_s s3")]],
        wrong: &[
            (Rule::Effects, &[("0x4 i32.div_s s2 <- s0 s1\n!end 6\nreturn", "!end 6\nreturn")]),
            (Rule::Effects, &[("div_s", "div_u")]),
            (Rule::Effects, &[("div_s", "rem_s")]),
            (Rule::Effects, &[("s0 s1", "s1 s0")]),
            (Rule::Effects, &[("i32.div_s", "i64.div_s")]),
            (Rule::Effects, &[("!end 6", "i32.div_s s2 <- s0 s1\n!end 6")]),
            (Rule::Places, &[("0x4", "0x2")]),
        ],
    },
    Case {
        // 0 get, 2 get, 4 div_u, 5 get, 7 get, 9 store, 12 drop, 13 end.
        name: "a trap and a store",
        module: "(module (memory 1) (func (param i32 i32)
            local.get 0 local.get 1 i32.div_u local.get 0 local.get 1 i32.store drop))",
        code: "0x4 i32.div_u s2 <- s0 s1
            0x9 i32.store s0 s1 +0
            !end 13
            return",
        right: &[],
        wrong: &[(
            Rule::Effects,
            &[("0x4 i32.div_u s2 <- s0 s1\n0x9 i32.store s0 s1 +0", "0x4 i32.store s0 s1 +0\n0x9 i32.div_u s2 <- s0 s1")],
        )],
    },
    Case {
        // 0 get, 2 get, 4 get, 6 call, 8 add, 9 end.
        name: "a call",
        module: "(module (import \"a\" \"f\" (func (param i32 i32) (result i32)))
            (import \"a\" \"g\" (func (param i32 i32) (result i32)))
            (func (param i32 i32) (result i32)
                local.get 0 local.get 1 local.get 1 call 0 i32.add))",
        code: "!frame 6
            copy s3 <- s1
            copy s4 <- s1
            0x6 call_import s3.. func0
            i32.add s2 <- s0 s3
            !end 9
            return1 s2",
        right: &[&[("copy s3 <- s1\ncopy s4", "copy s4 <- s1\ncopy s5"), ("s3..", "s4.."), ("s0 s3", "s0 s4")]],
        wrong: &[
            (Rule::Effects, &[("func0", "func1")]),
            (Rule::Effects, &[("copy s4 <- s1", "copy s4 <- s0")]),
            (Rule::Initialised, &[("s3..", "s4..")]),
            // A window below what is live, a read of what the callee's frame may have overwritten,
            // another result.
            (Rule::Live, &[("copy s3 <- s1\ncopy s4", "copy s2 <- s1\ncopy s3"), ("s3..", "s2.."), ("s0 s3", "s0 s2")]),
            (Rule::Initialised, &[("s0 s3", "s0 s4")]),
            (Rule::Initialised, &[("copy s3", "copy s5 <- s0\ncopy s3"), ("s0 s3", "s5 s3")]),
            (Rule::Results, &[("s0 s3", "s1 s3")]),
            (Rule::Effects, &[("i32.add", "copy s4 <- s1\ncall_import s3.. func0\ni32.add")]),
            (Rule::Places, &[("0x6", "0x4")]),
        ],
    },
    Case {
        // 0 get, 2 get, 4 get, 6 call_indirect, 9 end.
        name: "a call through a table",
        module: "(module (type (func (param i32 i32) (result i32))) (type (func (param i32 i32) (result i32) ))
            (type (func (param i32 i32 i32) (result i32)))
            (table 1 funcref) (table 1 funcref)
            (func (type 2) local.get 0 local.get 1 local.get 2 call_indirect (type 0)))",
        code: "copy2 s3 s4 <- s0 s1
            0x6 call_indirect s3.. s2 type0 table0
            !end 9
            return1 s3",
        right: &[],
        wrong: &[
            (Rule::Effects, &[("table0", "table1")]),
            (Rule::Effects, &[("type0", "type1")]),
            (Rule::Effects, &[(" s2 type", " s1 type")]),
            (Rule::Effects, &[("<- s0 s1", "<- s1 s0")]),
        ],
    },
    Case {
        // 0 get, 2 get, 4 return_call, 6 end.
        name: "a tail call",
        module: "(module (func (param i32 i32) (result i32) local.get 1 local.get 0 return_call 1)
            (func (param i32 i32) (result i32) unreachable) (func (param i32 i32) (result i32) unreachable))",
        code: "copy2 s2 s3 <- s1 s0
            0x4 return_call s2.. func1",
        right: &[],
        wrong: &[
            (Rule::Effects, &[("func1", "func2")]),
            (Rule::Effects, &[("<- s1 s0", "<- s0 s1")]),
            (Rule::Effects, &[("return_call s2.. func1", "call s2.. func1\nreturn1 s2")]),
        ],
    },
    Case {
        // 0 global.get, 2 global.set, 4 end.
        name: "globals",
        module: "(module (global (mut i32) (i32.const 0)) (global (mut i32) (i32.const 0))
            (func global.get 0 global.set 1))",
        code: "0x0 global.get s0 <- global0
            0x2 global.set global1 s0
            !end 4
            return",
        right: &[],
        wrong: &[
            (Rule::Effects, &[("global0", "global1")]),
            (Rule::Effects, &[("global1", "global0")]),
            (Rule::Effects, &[("0x2 global.set global1 s0", "const32 s0 <- 0\n0x2 global.set global1 s0")]),
            (Rule::Effects, &[("!end 4", "global.get s0 <- global0\n!end 4")]),
        ],
    },
    Case {
        // 0 get, 2 get, 4 get, 6 memory.copy (4), 10 get, 12 get, 14 get, 16 memory.fill (3), 19
        // end.
        name: "bulk operators",
        module: "(module (memory 1) (memory 1) (func (param i32 i32 i32)
            local.get 0 local.get 1 local.get 2 memory.copy 0 1
            local.get 0 local.get 1 local.get 2 memory.fill 1))",
        code: "0x6 memory.copy s0 s1 s2 mem0 mem1
            0x10 memory.fill s0 s1 s2 mem1
            !end 19
            return",
        right: &[],
        wrong: &[
            (Rule::Effects, &[("mem0 mem1", "mem1 mem0")]),
            (Rule::Effects, &[("copy s0 s1", "copy s1 s0")]),
            (Rule::Effects, &[("fill s0 s1 s2 mem1", "fill s0 s1 s2 mem0")]),
            (Rule::Effects, &[("fill s0 s1 s2", "fill s0 s2 s1")]),
        ],
    },
    Case {
        // 0 get, 2 get, 4 rmw.sub (4), 8 get, 10 get, 12 get, 14 cmpxchg (4), 18 add, 19 end.
        name: "atomic operators",
        module: "(module (memory 1) (memory 1) (func (param i32 i32 i32) (result i32)
            local.get 0 local.get 1 i32.atomic.rmw.sub
            local.get 0 local.get 1 local.get 2 i32.atomic.rmw.cmpxchg i32.add))",
        code: "0x4 i32.atomic.rmw.sub s3 <- s0 +0 mem0 s1
            0xe i32.atomic.rmw.cmpxchg s4 <- s0 +0 mem0 s1 s2
            i32.add s3 <- s3 s4
            !end 19
            return1 s3",
        right: &[],
        wrong: &[
            (Rule::Effects, &[("rmw.sub", "rmw.add")]),
            (Rule::Effects, &[("rmw.sub", "rmw.xchg")]),
            (Rule::Effects, &[("rmw.sub", "rmw16.sub_u")]),
            (Rule::Effects, &[("mem0 s1", "mem1 s1")]),
            (Rule::Effects, &[("mem0 s1", "mem0 s2")]),
            (Rule::Effects, &[("s1 s2", "s2 s1")]),
            (Rule::Effects, &[("0xe i32.atomic.rmw.cmpxchg", "0xe i32.atomic.rmw8.cmpxchg_u")]),
            (Rule::Effects, &[("+0 mem0 s1 s2", "+8 mem0 s1 s2")]),
            (Rule::Results, &[("i32.add s3 <- s3 s4", "i32.add s3 <- s3 s3")]),
        ],
    },
    Case {
        // 0 get, 2 get, 4 table.set, 6 ref.func, 8 drop, 9 get, 11 is_null, 12 drop, 13 data.drop,
        // 16 end.
        name: "tables, references, segments",
        module: "(module (table 1 externref) (table 1 externref) (func $f) (data \"a\") (data \"b\") (elem declare func $f)
            (func (param i32 externref) local.get 0 local.get 1 table.set 0
                ref.func $f drop local.get 1 ref.is_null drop data.drop 1))",
        code: "!func 1
            0x4 table.set s0 s1 table0
            0x6 ref.func s2 <- func0
            0xd data.drop data1
            !end 16
            return",
        right: &[],
        wrong: &[
            (Rule::Effects, &[("table0", "table1")]),
            (Rule::Effects, &[("func0", "func1")]),
            (Rule::Effects, &[("data1", "data0")]),
            (Rule::Effects, &[("s0 s1", "s1 s0")]),
        ],
    },
    Case {
        // 0 get, 2 if, 4 nop, 5 end, 6 get, 8 drop, 9 end.
        name: "charges stand where their segments begin",
        module: "(module (func (param i32) local.get 0 if nop end local.get 0 drop))",
        code: "!fuel
            0x0 charge 2
            br_if_not s0 -> @out
            !end 2
            @out:
            !end 5
            0x6 charge 1
            !end 9
            return",
        right: &[],
        wrong: &[
            (Rule::Effects, &[("0x6 charge 1\n", ""), ("br_if_not", "0x6 charge 1\nbr_if_not")]),
            (Rule::Effects, &[("0x6 charge 1\n", ""), ("@out:", "0x6 charge 1\n@out:")]),
            (Rule::Metering, &[("charge 2", "charge 3")]),
            (Rule::Metering, &[("0x6 charge 1", "0x6 charge 0")]),
            (Rule::Effects, &[("0x6 charge 1\n", "")]),
        ],
    },
    Case {
        // 0 loop, 2 get, 4 br_if, 6 end, 7 end.
        name: "a poll at the entry and one a turn",
        module: "(module (func (param i32) loop local.get 0 br_if 0 end))",
        code: "!epoch
            0x0 poll
            @head:
            !end 0
            0x2 poll
            br_if s0 -> @head
            !end 4
            !end 6
            !end 7
            return",
        right: &[],
        wrong: &[
            (Rule::Effects, &[("0x2 poll", "0x2 poll\npoll")]),
            (Rule::Metering, &[("0x2 poll\n", "")]),
            (Rule::Effects, &[("@head:\n!end 0\n0x2 poll", "0x2 poll\n@head:\n!end 0")]),
            (Rule::Places, &[("0x2 poll", "0x4 poll")]),
        ],
    },
    Case {
        // 0 loop, 2 get, 4 br_if, 6 end, 7 end.
        name: "by both, the poll comes before the charge",
        module: "(module (func (param i32) loop local.get 0 br_if 0 end))",
        code: "!both
            0x0 poll
            @head:
            !end 0
            0x2 poll
            charge 2
            br_if s0 -> @head
            !end 4
            !end 6
            !end 7
            return",
        right: &[],
        wrong: &[
            (Rule::Effects, &[("0x2 poll\ncharge 2", "0x2 charge 2\npoll")]),
            (Rule::Effects, &[("0x0 poll\n", "0x0 poll\npoll\n")]),
            (Rule::Metering, &[("charge 2", "charge 1")]),
            (Rule::Effects, &[("0x2 poll\n", "0x2 ")]),
        ],
    },
    Case {
        // 0 get, 2 get, 4 get, 6 wait32, 10 end.
        name: "a wait for 32 bits",
        module: "(module (memory 1) (func (param i32 i32 i64) (result i32)
            local.get 0 local.get 1 local.get 2 memory.atomic.wait32))",
        code: "0x6 memory.atomic.wait32 s3 <- s0 s1 s2 +0 mem0
            !end 10
            return1 s3",
        right: &[],
        wrong: &[
            (Rule::Effects, &[("wait32", "wait64")]),
            (Rule::Effects, &[("s0 s1 s2", "s0 s0 s2")]),
            (Rule::Effects, &[("s0 s1 s2", "s0 s1 s1")]),
        ],
    },
    Case {
        // 0 get, 2 get, 4 get, 6 wait64, 10 end.
        name: "a wait for 64 bits",
        module: "(module (memory 1) (func (param i32 i64 i64) (result i32)
            local.get 0 local.get 1 local.get 2 memory.atomic.wait64))",
        code: "0x6 memory.atomic.wait64 s3 <- s0 s1 s2 +0 mem0
            !end 10
            return1 s3",
        right: &[],
        wrong: &[
            (Rule::Effects, &[("wait64", "wait32")]),
            (Rule::Effects, &[("s0 s1 s2", "s1 s1 s2")]),
        ],
    },
    Case {
        // 0 get, 2 set, 4 end.
        name: "globals of vectors",
        module: "(module (global (mut v128) (v128.const i64x2 0 0))
            (global (mut v128) (v128.const i64x2 0 0)) (global (mut i32) (i32.const 0))
            (func global.get 0 global.set 1))",
        code: "0x0 global.get_v128 s0:2 <- global0
            0x2 global.set_v128 global1 s0:2
            !end 4
            return",
        right: &[],
        wrong: &[
            (Rule::Effects, &[("global1", "global0")]),
            (Rule::Effects, &[("s0:2 <- global0", "s0:2 <- global1")]),
            (Rule::Kinds, &[("global.set_v128 global1 s0:2", "global.set global1 s0")]),
        ],
    },
];
