//! Counts ([`Op::Heat`](crate::Op::Heat)): wherever they stand they change nothing, and hide
//! nothing. The executors lose the accumulators where they count.

use super::Case;
use crate::Rule;

pub(super) const CASES: &[Case] = &[
    Case {
        // 0 loop, 2 get, 4 br_if, 6 end, 7 end.
        name: "counts beside polls",
        module: "(module (func (param i32) loop local.get 0 br_if 0 end))",
        code: "!epoch
            heat
            0x0 poll
            @head:
            !end 0
            heat
            @behind:
            0x2 poll
            br_if s0 -> @head
            !end 4
            !end 6
            !end 7
            return",
        right: &[
            &[("heat\n", "")],
            &[("heat\n@behind", "@behind")],
            &[("0x0 poll", "0x0 poll\nheat")],
            &[("0x2 poll", "0x2 poll\nheat")],
            // Counted once, ahead of the loop.
            &[("@head:\n!end 0\nheat\n", "heat\n@head:\n!end 0\n")],
            &[("!end 7", "heat\n!end 7")],
            &[("!end 7", "!end 7\nheat")],
        ],
        wrong: &[
            // Twice before a poll, in the place of a poll, before two of them.
            (Rule::Metering, &[("heat\n0x0 poll", "heat\nheat\n0x0 poll")]),
            (Rule::Metering, &[("heat\n@behind", "heat\nheat\n@behind")]),
            (Rule::Metering, &[("heat\n0x0 poll", "0x0 heat")]),
            (Rule::Metering, &[("0x2 poll\n", "0x2 heat\n")]),
            (Rule::Metering, &[("0x2 poll\n", "")]),
            (Rule::Effects, &[("0x2 poll", "0x2 poll\nheat\npoll")]),
            // A branch past the count, to a place that is not the label.
            (Rule::Labels, &[("-> @head", "-> @behind")]),
        ],
    },
    Case {
        // 0 loop, 2 get, 4 br_if, 6 end, 7 end.
        name: "counts beside charges",
        module: "(module (func (param i32) loop local.get 0 br_if 0 end))",
        code: "!fuel
            heat
            @head:
            !end 0
            heat
            0x2 charge 2
            br_if s0 -> @head
            !end 4
            !end 6
            !end 7
            return",
        right: &[&[("0x2 charge 2", "0x2 charge 2\nheat")], &[("heat\n0x2", "0x2")]],
        wrong: &[
            (Rule::Effects, &[("0x2 charge 2", "0x2 heat")]),
            (Rule::Metering, &[("0x2 charge 2", "0x2 charge 2\nheat\ncharge 2")]),
            (
                Rule::Effects,
                &[("@head:\n!end 0\nheat\n0x2 charge 2", "0x2 charge 2\nheat\n@head:\n!end 0")],
            ),
        ],
    },
    Case {
        // 0 loop, 2 get, 4 const, 6 add, 7 tee, 9 br_if, 11 end, 12 get, 14 end.
        name: "a count between a result and the branch that reads it",
        module: "(module (func (param i32) (result i32)
            loop local.get 0 i32.const 1 i32.add local.tee 0 br_if 0 end local.get 0))",
        code: "@head:
            !end 0
            heat
            i32.add_imm s0 <- s0 1
            br_if acc -> @head
            !end 9
            !end 11
            !end 14
            return1 s0",
        right: &[&[("br_if acc", "heat\nbr_if s0")], &[("i32.add_imm s0", "heat\ni32.add_imm s0")]],
        wrong: &[
            (Rule::Initialised, &[("br_if acc", "heat\nbr_if acc")]),
            (Rule::Initialised, &[("return1 s0", "heat\nreturn1 acc")]),
            (Rule::Initialised, &[("heat\ni32.add_imm s0 <- s0", "heat\ni32.add_imm s0 <- acc")]),
        ],
    },
    Case {
        // 0 loop, 2 get, 4 const, 6 add, 7 end, 8 end.
        name: "a poll behind a result, where the executors lose the accumulators too",
        module: "(module (func (param i32) (result i32)
            loop (result i32) local.get 0 i32.const 1 i32.add end))",
        code: "!epoch
            0x0 poll
            !end 0
            0x2 poll
            i32.add_imm s1 <- s0 1
            !end 7
            !end 8
            return1 s1",
        right: &[&[("0x2 poll\ni32.add_imm s1 <- s0 1", "i32.add_imm s1 <- s0 1\n0x2 poll")]],
        wrong: &[(
            Rule::Initialised,
            &[(
                "0x2 poll\ni32.add_imm s1 <- s0 1",
                "i32.add_imm s2 <- s0 1\n0x2 poll\ncopy s1 <- acc",
            )],
        )],
    },
    Case {
        name: "a count between floats",
        module: "(module (func (param f64 f32) (result f64)
            local.get 0 f64.neg local.get 1 f64.promote_f32 f64.add))",
        code: "f64.neg s2 <- s0
            f64.promote_f32 acc <- s1
            f64.add s2 <- s2 acc
            !end 7
            return1 s2",
        right: &[&[("f64.neg s2", "heat\nf64.neg s2")]],
        wrong: &[(Rule::Initialised, &[("f64.add", "heat\nf64.add")])],
    },
    Case {
        // 0 block, 2 try_table, 8 get, 10 throw, 12 end, 13 unreachable, 14 end, 15 end; the
        // handler's label is word 4.
        name: "a count where a handler goes on",
        module: "(module (tag (param i32)) (func (param i32) (result i32)
            block (result i32) try_table (catch 0 0) local.get 0 throw 0 end unreachable end))",
        code: "!catch 0 4 0 0 4 1
            !end 0
            !end 2
            copy s1 <- s0
            0xa throw s1.. tag0
            !end 14
            heat
            !end 15
            return1 s1",
        right: &[&[("heat\n", "")]],
        wrong: &[
            (Rule::Labels, &[("!catch 0 4 0 0 4 1", "!catch 0 4 0 0 5 1")]),
            (Rule::Initialised, &[("return1 s1", "return1 acc")]),
        ],
    },
];
