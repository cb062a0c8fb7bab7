//! Values and control: what each edge must establish.

use super::Case;
use crate::Rule;

pub(super) const CASES: &[Case] = &[
    Case {
        // Operators at 0 get, 2 block, 4 get, 6 br_if, 8 const, 10 set, 12 end, 13 end.
        name: "a local that is overwritten on one path while it is on the stack",
        module: "(module (func (param i32 i32) (result i32)
            local.get 0 block local.get 1 br_if 0 i32.const 10 local.set 0 end))",
        code: "copy s2 <- s0
            !end 2
            br_if s1 -> @out
            !end 6
            const32 s0 <- 10
            @out:
            !end 12
            !end 13
            return1 s2",
        right: &[
            &[("const32 s0 <- 10", "const32 s3 <- 10\ncopy s0 <- s3")],
            &[("br_if s1", "copy s3 <- s1\nbr_if s3")],
        ],
        wrong: &[
            // The copy dropped; below the branch, with something else in the slot before.
            (Rule::Frozen, &[("copy s2 <- s0\n", "")]),
            (Rule::Frozen, &[("copy s2 <- s0", "const32 s2 <- 0"), ("const32 s0", "copy s2 <- s0\nconst32 s0")]),
            (Rule::Frozen, &[("copy s2 <- s0", "copy s2 <- s1")]),
            (Rule::Frozen, &[("const32 s0 <- 10\n", "")]),
            (Rule::Frozen, &[("const32 s0 <- 10", "const32 s0 <- 11")]),
            (Rule::Frozen, &[("const32 s0 <- 10", "const32 s0 <- 10\ncopy s2 <- s0")]),
            (Rule::Frozen, &[("const32 s0 <- 10", "const32 s0 <- 10\ncopy s1 <- s0")]),
            (Rule::Results, &[("return1 s2", "return1 s0")]),
            (Rule::Conditions, &[("br_if s1", "br_if s0")]),
            (Rule::Conditions, &[("br_if s1", "br_if_not s1")]),
            (Rule::Conditions, &[("br_if s1 -> @out", "br -> @out")]),
            (Rule::Labels, &[("@out:\n", ""), ("return1", "const32 s3 <- 1\n@out:\nreturn1")]),
            (Rule::Extents, &[("!end 12\n", "")]),
            (Rule::Extents, &[("!end 12\n", "!end 11\n!end 12\n")]),
            (Rule::Labels, &[("br_if s1 -> @out\n!end 6", "!end 6\nbr_if s1 -> @out")]),
        ],
    },
    Case {
        // 0 get, 2 loop, 4 get, 6 set, 8 get, 10 const, 12 set, 14 br_if, 16 end, 17 end.
        name: "a local that a loop overwrites while it is on the stack",
        module: "(module (func (param i32 i32 i32) (result i32) local.get 0
            loop local.get 1 local.set 0 local.get 2 i32.const 0 local.set 2 br_if 0 end))",
        code: "copy s3 <- s0
            @head:
            !end 2
            copy s0 <- s1
            copy s4 <- s2
            const32 s2 <- 0
            br_if s4 -> @head
            !end 14
            !end 16
            !end 17
            return1 s3",
        right: &[],
        wrong: &[
            // Moved into the loop, also with the right value in the slot of another iteration.
            (Rule::Frozen, &[("copy s3 <- s0\n", ""), ("!end 2", "!end 2\ncopy s3 <- s0")]),
            (Rule::Frozen, &[("!end 2", "!end 2\ncopy s3 <- s0"), ("copy s3 <- s0", "copy s3 <- s1")]),
            (Rule::Frozen, &[("copy s4 <- s2", "copy s3 <- s0\ncopy s4 <- s2")]),
            (Rule::Labels, &[("copy s3 <- s0\n@head:", "@head:\ncopy s3 <- s0")]),
            (Rule::Labels, &[("@head:\n", ""), ("copy s4", "@head:\ncopy s4")]),
            (Rule::Frozen, &[("const32 s2 <- 0\n", "")]),
            // The loop's end without its branch, and the branch turned round.
            (Rule::Conditions, &[("br_if s4", "br_if_not s4")]),
            (Rule::Conditions, &[("br_if s4", "br_if s2")]),
        ],
    },
    Case {
        // 0 get, 2 get, 4 get, 6 add, 7 set, 9 get, 11 sub, 12 end.
        name: "a preserved value in a slot that the next instruction reads",
        module: "(module (func (param i32 i32) (result i32)
            local.get 0 local.get 1 local.get 0 i32.add local.set 0 local.get 0 i32.sub))",
        code: "copy s2 <- s0
            i32.add s0 <- s1 s0
            i32.sub s2 <- s2 s0
            !end 12
            return1 s2",
        right: &[&[("s1 s0", "s0 s1")], &[("i32.add s0 <- s1 s0", "i32.add s0 <- s1 s2")]],
        wrong: &[
            (Rule::Results, &[("copy s2 <- s0\ni32.add s0 <- s1 s0", "copy s1 <- s0\ncopy s2 <- s0\ni32.add s0 <- s1 s0")]),
            (Rule::Results, &[("copy s2 <- s0\ni32.add s0 <- s1 s0", "i32.add s0 <- s1 s0\ncopy s2 <- s0")]),
            (Rule::Results, &[("i32.sub s2 <- s2 s0", "i32.sub s2 <- s0 s2")]),
        ],
    },
    Case {
        // 0 get, 2 get, 4 sub, 5 get, 7 shl, 8 get, 10 lt_s, 11 end.
        name: "operators and the order of their operands",
        module: "(module (func (param i32 i32) (result i32)
            local.get 0 local.get 1 i32.sub local.get 1 i32.shl local.get 1 i32.lt_s))",
        code: "i32.sub s2 <- s0 s1
            i32.shl s2 <- s2 s1
            i32.lt_s s2 <- s2 s1
            !end 11
            return1 s2",
        right: &[&[("i32.lt_s s2 <- s2 s1", "i32.gt_s s2 <- s1 s2")]],
        wrong: &[
            (Rule::Results, &[("s0 s1", "s1 s0")]),
            (Rule::Results, &[("i32.sub", "i32.add")]),
            (Rule::Results, &[("i32.sub", "i64.sub")]),
            (Rule::Results, &[("i32.shl s2 <- s2 s1", "i32.shl s2 <- s1 s2")]),
            (Rule::Results, &[("i32.shl", "i32.shr_u")]),
            (Rule::Results, &[("i32.lt_s", "i32.lt_u")]),
            (Rule::Results, &[("i32.lt_s", "i32.le_s")]),
            (Rule::Results, &[("i32.lt_s s2 <- s2 s1", "i32.lt_s s2 <- s1 s2")]),
            (Rule::Results, &[("return1 s2", "return1 s1")]),
        ],
    },
    Case {
        // 0 const, 2 get, 4 add, 5 end.
        name: "constants",
        module: "(module (func (param i32) (result i32) i32.const -2 local.get 0 i32.sub))",
        code: "const32 s1 <- -2
            i32.sub s1 <- s1 s0
            !end 5
            return1 s1",
        right: &[&[("const32 s1 <- -2", "const64 s1 <- 4294967294")]],
        wrong: &[
            (Rule::Results, &[("<- -2", "<- 2")]),
            (Rule::Results, &[("const32 s1 <- -2", "const64 s1 <- -2")]),
        ],
    },
    Case {
        // 0 get, 2 get, 4 get, 6 select, 7 end.
        name: "select",
        module: "(module (func (param i32 i32 i32) (result i32)
            local.get 0 local.get 1 local.get 2 select))",
        code: "select s3 <- s0 s1 s2
            !end 7
            return1 s3",
        right: &[],
        wrong: &[
            (Rule::Results, &[("s0 s1 s2", "s1 s0 s2")]),
            (Rule::Results, &[("s0 s1 s2", "s0 s1 s1")]),
        ],
    },
    Case {
        // 0 block, 2 const, 4 get, 6 br_if, 8 drop, 9 const, 11 end, 12 end.
        name: "a conditional branch with a value",
        module: "(module (func (param i32) (result i32)
            block (result i32) i32.const 1 local.get 0 br_if 0 drop i32.const 2 end))",
        code: "!end 0
            br_if_not s0 -> @skip
            const32 s1 <- 1
            br -> @out
            @skip:
            !end 6
            const32 s1 <- 2
            @out:
            !end 11
            !end 12
            return1 s1",
        right: &[&[("br_if_not s0 -> @skip", "const32 s1 <- 1\nbr_if_not s0 -> @skip")]],
        wrong: &[
            (Rule::Values, &[("const32 s1 <- 1\n", "")]),
            (Rule::Values, &[("const32 s1 <- 1", "const32 s1 <- 3")]),
            (Rule::Values, &[("const32 s1 <- 2", "const32 s1 <- 3")]),
            (Rule::Values, &[("const32 s1 <- 1\n", ""), ("!end 0", "const32 s1 <- 9\n!end 0")]),
            (Rule::Values, &[("const32 s1 <- 2\n", ""), ("!end 0", "const32 s1 <- 1\n!end 0")]),
            (Rule::Frozen, &[("const32 s1 <- 1\n", "const32 s1 <- 1\nconst32 s0 <- 0\n")]),
            (Rule::Conditions, &[("br_if_not", "br_if")]),
            (Rule::Labels, &[("-> @skip", "-> @out")]),
            (Rule::Labels, &[("-> @skip", "-> @out"), ("br_if_not", "const32 s1 <- 2\nbr_if_not")]),
            (Rule::Labels, &[("br -> @out", "br -> @skip")]),
            (Rule::Labels, &[("br -> @out\n", "")]),
        ],
    },
    Case {
        // 0 get, 2 if, 4 const, 6 else, 7 const, 9 end, 10 end.
        name: "if with else",
        module: "(module (func (param i32) (result i32)
            local.get 0 if (result i32) i32.const 1 else i32.const 2 end))",
        code: "br_if_not s0 -> @else
            !end 2
            const32 s1 <- 1
            br -> @out
            @else:
            !end 6
            const32 s1 <- 2
            @out:
            !end 9
            !end 10
            return1 s1",
        right: &[],
        wrong: &[
            (Rule::Values, &[("<- 1", "<- 2")]),
            (Rule::Values, &[("<- 2", "<- 1")]),
            (Rule::Conditions, &[("br_if_not", "br_if")]),
            (Rule::Labels, &[("-> @else", "-> @out")]),
            (Rule::Labels, &[("-> @else", "-> @out"), ("br_if_not", "const32 s1 <- 2\nbr_if_not")]),
            (Rule::Frozen, &[("const32 s1 <- 2", "const32 s1 <- 2\ncopy s0 <- s1")]),
            // A slot that the first arm wrote is not written in the second.
            (Rule::Initialised, &[("const32 s1 <- 2\n", "copy s1 <- s1\n")]),
            (Rule::Hints, &[("!end 9\n!end 10", "!end 10\n!end 9")]),
        ],
    },
    Case {
        // 0 get, 2 get, 4 if, 6 const, 8 set, 10 end, 11 end.
        name: "if without else",
        module: "(module (func (param i32 i32) (result i32)
            local.get 0 local.get 1 if i32.const 5 local.set 0 end))",
        code: "copy s2 <- s0
            br_if_not s1 -> @out
            !end 4
            const32 s0 <- 5
            @out:
            !end 10
            !end 11
            return1 s2",
        right: &[],
        wrong: &[
            (Rule::Frozen, &[("copy s2 <- s0", "copy s2 <- s1")]),
            (Rule::Frozen, &[("copy s2 <- s0", "const32 s2 <- 0"), ("const32 s0", "copy s2 <- s0\nconst32 s0")]),
            // The arm's write on both paths.
            (Rule::Frozen, &[("const32 s0 <- 5\n", ""), ("br_if_not", "const32 s0 <- 5\nbr_if_not")]),
            (Rule::Results, &[("return1 s2", "return1 s0")]),
        ],
    },
    Case {
        // 0 block, 2 block, 4 get, 6 br_table, 11 end, 12 const, 14 return, 15 end, 16 const, 18
        // end.
        name: "br_table",
        module: "(module (func (param i32) (result i32)
            block block local.get 0 br_table 0 1 0 end i32.const 1 return end i32.const 2))",
        code: "!end 0
            !end 2
            br_table s0 0 -> @b @a @b
            !end 6
            @b:
            !end 11
            const32 s1 <- 1
            return1 s1
            !end 14
            @a:
            !end 15
            const32 s1 <- 2
            !end 18
            return1 s1",
        right: &[],
        wrong: &[
            (Rule::Labels, &[("@b @a @b", "@a @b @b")]),
            (Rule::Labels, &[("@b @a @b", "@b @a @a")]),
            (Rule::Labels, &[("@b @a @b", "@a @b @a")]),
            (Rule::Labels, &[("@b @a @b", "@b @a")]),
            (Rule::Labels, &[("@b @a @b", "@b @a @b @b")]),
            (Rule::Conditions, &[("br_table s0", "const32 s1 <- 0\nbr_table s1")]),
            (Rule::Results, &[("<- 1", "<- 2")]),
            (Rule::Frozen, &[("br_table s0", "copy s1 <- s0\nconst32 s0 <- 0\nbr_table s1")]),
        ],
    },
    Case {
        // 0 block, 2 const, 4 block, 6 const, 8 get, 10 br_table, 14 end, 15 add, 16 end, 17 end.
        name: "br_table with the code of its edges behind it",
        module: "(module (func (param i32) (result i32)
            block (result i32) i32.const 9
                block (result i32) i32.const 7 local.get 0 br_table 0 1 end
            i32.add end))",
        code: "!end 0
            const32 s1 <- 9
            !end 4
            br_table s0 0 -> @x @y
            @x:
            const32 s2 <- 7
            br -> @in
            @y:
            const32 s1 <- 7
            br -> @out
            !end 10
            @in:
            !end 14
            i32.add s1 <- s1 s2
            @out:
            !end 16
            !end 17
            return1 s1",
        right: &[],
        wrong: &[
            (Rule::Values, &[("@x @y", "@y @x")]),
            (Rule::Values, &[("@x @y", "@x @x")]),
            (Rule::Labels, &[("br -> @out", "br -> @in")]),
            (Rule::Labels, &[("br -> @in", "br -> @out")]),
            (Rule::Values, &[("const32 s1 <- 7", "const32 s1 <- 8")]),
            (Rule::Values, &[("const32 s2 <- 7", "const32 s2 <- 8")]),
            (Rule::Initialised, &[("const32 s1 <- 7", "copy s1 <- s2")]),
            (Rule::Values, &[("const32 s1 <- 7\n", "")]),
            (Rule::Frozen, &[("const32 s2 <- 7", "const32 s2 <- 7\nconst32 s1 <- 7")]),
            // Code behind the table to which no entry leads.
            (Rule::Extents, &[("@x:\n", "@x:\nconst32 s2 <- 7\nbr -> @in\n")]),
        ],
    },
    Case {
        // 0 get, 2 get, 4 end.
        name: "results that are each other's slots",
        module: "(module (func (param i32 i32) (result i32 i32) local.get 1 local.get 0))",
        code: "!end 4
            copy2 s0 s1 <- s1 s0
            return",
        right: &[&[("copy2 s0 s1 <- s1 s0", "copy s2 <- s0\ncopy s0 <- s1\ncopy s1 <- s2")]],
        wrong: &[
            (Rule::Results, &[("copy2 s0 s1 <- s1 s0", "copy s0 <- s1\ncopy s1 <- s0")]),
            (Rule::Results, &[("copy2 s0 s1 <- s1 s0\n", "")]),
            (Rule::Results, &[("copy2 s0 s1", "copy2 s1 s0")]),
            (Rule::Results, &[("copy2 s0 s1 <- s1 s0", "copy s0 <- s1")]),
        ],
    },
    Case {
        // 0 block, 2 get, 4 get, 6 lt, 7 br_if, 9 const, 11 return, 12 end, 13 const, 15 end.
        name: "a branch on a float comparison",
        module: "(module (func (param f32 f32) (result i32)
            block local.get 0 local.get 1 f32.lt br_if 0 i32.const 1 return end i32.const 2))",
        code: "!end 0
            br_f32.lt s0 s1 -> @out
            !end 7
            const32 s2 <- 1
            return1 s2
            !end 11
            @out:
            !end 12
            const32 s2 <- 2
            !end 15
            return1 s2",
        right: &[&[("lt s0 s1", "gt s1 s0")]],
        wrong: &[
            // With a NaN all comparisons but `ne` are false.
            (Rule::Conditions, &[("br_f32.lt", "br_f32.not_ge")]),
            (Rule::Conditions, &[("br_f32.lt", "br_f32.not_lt")]),
            (Rule::Conditions, &[("br_f32.lt", "br_f32.ge")]),
            (Rule::Conditions, &[("lt s0 s1", "gt s0 s1")]),
            (Rule::Conditions, &[("lt s0 s1", "lt s0 s0")]),
            (Rule::Conditions, &[("br_f32.lt", "br_f64.lt")]),
            (Rule::Conditions, &[("br_f32.lt", "br_i32.lt_s")]),
        ],
    },
    Case {
        // 0 block, 2 get, 4 get, 6 ge_u, 7 eqz, 8 br_if, 10 const, 12 return, 13 end, 14 const, 16
        // end.
        name: "a branch on a negated integer comparison",
        module: "(module (func (param i32 i32) (result i32)
            block local.get 0 local.get 1 i32.ge_u i32.eqz br_if 0 i32.const 1 return end i32.const 2))",
        code: "!end 0
            br_i32.lt_u s0 s1 -> @out
            !end 8
            const32 s2 <- 1
            return1 s2
            !end 12
            @out:
            !end 13
            const32 s2 <- 2
            !end 16
            return1 s2",
        right: &[
            &[("lt_u s0 s1", "gt_u s1 s0")],
            &[("br_i32.lt_u s0 s1", "i32.ge_u s2 <- s0 s1\nbr_if_not s2")],
        ],
        wrong: &[
            (Rule::Conditions, &[("lt_u", "lt_s")]),
            (Rule::Conditions, &[("lt_u", "ge_u")]),
            (Rule::Conditions, &[("lt_u", "le_u")]),
            (Rule::Conditions, &[("lt_u s0 s1", "lt_u s1 s0")]),
            (Rule::Conditions, &[("br_i32", "br_i64")]),
        ],
    },
    Case {
        // 0 get, 2 get, 4 set, 6 end.
        name: "a v128 that is preserved",
        module: "(module (func (param v128 v128) (result v128)
            local.get 0 local.get 1 local.set 0))",
        code: "copy_v128 s4:2 <- s0:2
            copy_v128 s0:2 <- s2:2
            !end 6
            copy_v128 s0:2 <- s4:2
            return",
        right: &[&[("copy_v128 s4:2 <- s0:2", "copy2 s4 s5 <- s0 s1")]],
        wrong: &[
            (Rule::Initialised, &[("copy_v128 s4:2 <- s0:2", "copy s4 <- s0")]),
            (Rule::Results, &[("copy_v128 s4:2 <- s0:2", "copy2 s4 s5 <- s0 s3")]),
            (Rule::Results, &[("copy_v128 s4:2 <- s0:2", "copy2 s4 s5 <- s1 s0")]),
            (Rule::Results, &[("copy_v128 s0:2 <- s4:2", "copy s0 <- s4")]),
            (Rule::Results, &[("!end 6\ncopy_v128 s0:2 <- s4:2", "copy_v128 s0:2 <- s4:2\n!end 6\ncopy s1 <- s3")]),
        ],
    },
    Case {
        // 0 block, 2 get, 4 set, 6 get, 8 br_if, 10 end, 11 end.
        name: "half of a v128 local that is stale at a label",
        module: "(module (func (param v128 v128 i32)
            block local.get 1 local.set 0 local.get 2 br_if 0 end))",
        code: "!end 0
            copy_v128 s0:2 <- s2:2
            br_if s4 -> @out
            !end 8
            @out:
            !end 10
            !end 11
            return",
        right: &[&[("copy_v128 s0:2 <- s2:2", "copy s1 <- s3\ncopy s0 <- s2")]],
        wrong: &[
            (Rule::Frozen, &[("copy_v128 s0:2 <- s2:2", "copy s0 <- s2")]),
            (Rule::Frozen, &[("copy_v128 s0:2 <- s2:2", "copy s1 <- s3")]),
            (Rule::Frozen, &[("copy_v128 s0:2 <- s2:2", "copy2 s0 s1 <- s3 s2")]),
        ],
    },
    Case {
        // 0 get, 2 get, 4 mul_wide_u, 6 end.
        name: "an operator with two results",
        module: "(module (func (param i64 i64) (result i64 i64)
            local.get 0 local.get 1 i64.mul_wide_u))",
        code: "i64.mul_wide_u s2 s3 <- s0 s1
            !end 6
            copy2 s0 s1 <- s2 s3
            return",
        right: &[],
        wrong: &[
            (Rule::Results, &[("s2 s3 <- s0", "s3 s2 <- s0")]),
            (Rule::Results, &[("wide_u", "wide_s")]),
            (Rule::Results, &[("copy2 s0 s1 <- s2 s3", "copy2 s0 s1 <- s2 s2")]),
        ],
    },
    Case {
        // 0 get, 2 get, 4 get, 6 get, 8 sub128, 10 end.
        name: "four operands",
        module: "(module (func (param i64 i64 i64 i64) (result i64 i64)
            local.get 0 local.get 1 local.get 2 local.get 3 i64.sub128))",
        code: "i64.sub128 s4 s5 <- s0 s1 s2 s3
            !end 10
            copy2 s0 s1 <- s4 s5
            return",
        right: &[],
        wrong: &[
            (Rule::Results, &[("s0 s1 s2 s3", "s0 s1 s2 s2")]),
            (Rule::Results, &[("s0 s1 s2 s3", "s2 s3 s0 s1")]),
            (Rule::Results, &[("s0 s1 s2 s3", "s0 s1 s3 s2")]),
            (Rule::Results, &[("sub128", "add128")]),
        ],
    },
    Case {
        // 0 get, 2 get, 4 add, 5 end.
        name: "a float that must be canonical",
        module: "(module (func (param f32 f32) (result f32) local.get 0 local.get 1 f32.add))",
        code: "!deterministic
            f32.add s2 <- s0 s1
            f32.canonicalize s2 <- s2
            !end 5
            return1 s2",
        right: &[],
        wrong: &[
            (Rule::Results, &[("f32.canonicalize s2 <- s2\n", "")]),
            (Rule::Results, &[("!deterministic\n", "")]),
            // The bits of a NaN depend on the order.
            (Rule::Results, &[("s0 s1", "s1 s0")]),
        ],
    },
];
