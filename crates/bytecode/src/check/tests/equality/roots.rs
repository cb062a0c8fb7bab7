//! References to exceptions where exceptions may be made: which locals and positions must be in
//! their slots (Q13).

use super::Case;
use crate::Rule;

pub(super) const CASES: &[Case] = &[
    Case {
        // 0 get, 2 get, 4 null, 6 const, 8 call, 10 drop, 11 call, 13 drop, 14 drop, 15 drop, 16
        // end.
        name: "references on the stack below two calls",
        module: "(module (import \"\" \"f\" (func)) (func (param exnref i32)
            local.get 1 local.get 0 ref.null exn i32.const 7
            call 0 drop call 0 drop drop drop))",
        code: "copy s2 <- s1
            copy s3 <- s0
            const32 s4 <- 0
            0x8 call_import s6.. func0
            0xb call_import s5.. func0
            !end 16
            return",
        right: &[
            &[("0x8", "const32 s5 <- 7\n0x8")],
            &[("copy s3 <- s0\nconst32 s4 <- 0", "const32 s4 <- 0\ncopy s3 <- s0")],
        ],
        wrong: &[
            // A stale slot: it holds what was there before.
            (Rule::Roots, &[("copy s3 <- s0\n", "")]),
            (Rule::Roots, &[("const32 s4 <- 0\n", "")]),
            // Another reference, null for one, and the other way round.
            (Rule::Roots, &[("copy s3 <- s0", "const32 s3 <- 0")]),
            (Rule::Roots, &[("const32 s4 <- 0", "copy s4 <- s0")]),
            // Right for the first call and not for the second.
            (Rule::Roots, &[("0xb", "const32 s3 <- 0\n0xb")]),
            // The references below the operands are required with them.
            (Rule::Roots, &[("copy s2 <- s1\n", "")]),
            // A local.
            (Rule::Roots, &[("0x8", "const32 s0 <- 0\n0x8")]),
            (Rule::Roots, &[("0x8", "const32 s1 <- 0\n0x8")]),
        ],
    },
    Case {
        // 0 get, 2 set, 4 call, 6 null, 8 set, 10 end.
        name: "a local that is not read again",
        module: "(module (import \"\" \"f\" (func)) (func (param exnref) (local exnref)
            local.get 0 local.set 1 call 0 ref.null exn local.set 1))",
        code: "copy s1 <- s0
            0x4 call_import s2.. func0
            !end 10
            return",
        right: &[&[("func0\n", "func0\nconst32 s1 <- 0\n")]],
        wrong: &[
            (Rule::Roots, &[("copy s1 <- s0\n", "")]),
            (Rule::Roots, &[("0x4", "const32 s1 <- 0\n0x4")]),
            (Rule::Roots, &[("copy s1 <- s0\n", "copy s1 <- s0\nconst32 s0 <- 0\n")]),
        ],
    },
    Case {
        // 0 null, 2 block, 4 call, 6 end, 7 drop, 8 end.
        name: "a null below a block",
        module: "(module (import \"\" \"f\" (func)) (func ref.null exn block call 0 end drop))",
        code: "const32 s0 <- 0
            !end 2
            0x4 call_import s1.. func0
            !end 6
            !end 8
            return",
        right: &[],
        wrong: &[
            (Rule::Roots, &[("!end 2", "!end 2\nconst32 s0 <- 1")]),
            (Rule::Roots, &[("const32 s0 <- 0\n", "")]),
        ],
    },
    Case {
        // 0 get, 2 const, 4 throw, 6 end.
        name: "a reference below what is thrown",
        module: "(module (tag (param i32)) (func (param exnref) local.get 0 i32.const 1 throw 0))",
        code: "copy s1 <- s0
            const32 s2 <- 1
            0x4 throw s2.. tag0",
        right: &[&[("copy s1 <- s0\nconst32 s2 <- 1", "const32 s2 <- 1\ncopy s1 <- s0")]],
        wrong: &[
            (Rule::Roots, &[("copy s1 <- s0\n", "")]),
            (Rule::Roots, &[("0x4", "const32 s0 <- 0\n0x4")]),
        ],
    },
    Case {
        // 0 get, 2 if, 4 null, 6 call, 8 drop, 9 else, 10 null, 12 call, 14 drop, 15 end, 16 end.
        name: "each arm by itself",
        module: "(module (import \"\" \"f\" (func)) (func (param i32)
            local.get 0 if ref.null exn call 0 drop else ref.null exn call 0 drop end))",
        code: "br_if_not s0 -> @else
            !end 2
            const32 s1 <- 0
            0x6 call_import s2.. func0
            br -> @end
            !end 9
            @else:
            const32 s1 <- 0
            0xc call_import s2.. func0
            @end:
            !end 15
            !end 16
            return",
        right: &[],
        wrong: &[
            (Rule::Roots, &[("@else:\nconst32 s1 <- 0\n", "@else:\n")]),
            (Rule::Roots, &[("!end 2\nconst32 s1 <- 0\n", "!end 2\n")]),
        ],
    },
];
