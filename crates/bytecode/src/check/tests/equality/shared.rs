//! Accesses of shared memories: each one effect on a window, in its place, with a result for
//! itself; and the same function on a memory that is not shared, for which there are other
//! instructions.
//!
//! The numbers of accesses are those of `prova_module::SharedAccess`: 36 `i32.load`, 50
//! `i32.store`, 490 `i32.atomic.rmw.add`, 532 `i32.atomic.rmw.cmpxchg`, and 230 `v128.load8_lane`
//! with 65536 for each lane.

use super::Case;
use crate::Rule;

pub(super) const CASES: &[Case] = &[
    Case {
        // 0 get, 2 load, 5 get, 7 load, 10 sub, 11 end.
        name: "two loads of a shared memory are not one",
        module: "(module (memory 1 1 shared) (memory 1) (func (param i32) (result i32)
            local.get 0 i32.load local.get 0 i32.load i32.sub))",
        code: "copy s1 <- s0
            0x2 shared.access s1.. 36 +0 mem0
            copy s2 <- s0
            0x7 shared.access s2.. 36 +0 mem0
            i32.sub s1 <- s1 s2
            !end 11
            return1 s1",
        right: &[],
        wrong: &[
            // One load for both: not performed, or performed and not used; nor is the difference 0.
            (
                Rule::Effects,
                &[("copy s2 <- s0\n0x7 shared.access s2.. 36 +0 mem0\n", ""), ("s1 s2", "s1 s1")],
            ),
            (Rule::Results, &[("i32.sub s1 <- s1 s2", "i32.sub s1 <- s1 s1")]),
            (Rule::Results, &[("i32.sub s1 <- s1 s2", "i32.sub s1 <- s2 s1")]),
            (Rule::Results, &[("i32.sub s1 <- s1 s2", "const32 s1 <- 0")]),
            // A third load.
            (
                Rule::Effects,
                &[("!end 11", "copy s2 <- s0\nshared.access s2.. 36 +0 mem0\n!end 11")],
            ),
            // Instructions for memories that are not shared.
            (Rule::Kinds, &[("0x2 shared.access s1.. 36 +0 mem0", "0x2 i32.load s1 <- s0 +0")]),
            (
                Rule::Kinds,
                &[("0x2 shared.access s1.. 36 +0 mem0", "0x2 i32.load_far s1 <- s0 +0 mem0")],
            ),
            (
                Rule::Kinds,
                &[("0x2 shared.access s1.. 36 +0 mem0", "0x2 i32.atomic.load s1 <- s0 +0 mem0")],
            ),
            // Another access, one with a lane too many, and what is none.
            (Rule::Effects, &[("36", "37")]),
            (Rule::Indices, &[("36", "65572")]),
            (Rule::Indices, &[("36", "61")]),
            (Rule::Indices, &[("36", "-1")]),
            // Another memory, address or place.
            (Rule::Kinds, &[("mem0", "mem1")]),
            (Rule::Indices, &[("mem0", "mem2")]),
            (Rule::Effects, &[("+0", "+1")]),
            (Rule::Effects, &[("copy s2 <- s0", "const32 s2 <- 0")]),
            (Rule::Places, &[("0x7", "0x5")]),
            // The window: on the local, on the first result, outside of the frame.
            (Rule::Windows, &[("0x2 shared.access s1..", "0x2 shared.access s0..")]),
            (
                Rule::Live,
                &[(
                    "copy s2 <- s0\n0x7 shared.access s2..",
                    "copy s1 <- s0\n0x7 shared.access s1..",
                )],
            ),
            (Rule::Windows, &[("0x7 shared.access s2..", "0x7 shared.access s3..")]),
        ],
    },
    Case {
        // 0 get, 2 load, 5 get, 7 load, 10 sub, 11 end.
        name: "two loads of a memory that is not shared",
        module: "(module (memory 1 1) (func (param i32) (result i32)
            local.get 0 i32.load local.get 0 i32.load i32.sub))",
        code: "0x2 i32.load s1 <- s0 +0
            0x7 i32.load s2 <- s0 +0
            i32.sub s1 <- s1 s2
            !end 11
            return1 s1",
        right: &[&[("0x2 i32.load s1 <- s0 +0", "0x2 i32.load_far s1 <- s0 +0 mem0")]],
        wrong: &[
            (
                Rule::Kinds,
                &[("0x2 i32.load s1 <- s0 +0", "copy s1 <- s0\n0x2 shared.access s1.. 36 +0 mem0")],
            ),
            (Rule::Effects, &[("0x7 i32.load s2 <- s0 +0\n", ""), ("s1 s2", "s1 s1")]),
        ],
    },
    Case {
        // 0 get, 2 get, 4 store, 7 get, 9 get, 11 add, 15 get, 17 get, 19 get, 21 cmpxchg, 25 add,
        // 26 end.
        name: "a store and two modifications of a shared memory",
        module: "(module (memory 1 1 shared) (func (param i32 i32 i32) (result i32)
            local.get 0 local.get 1 i32.store
            local.get 0 local.get 1 i32.atomic.rmw.add
            local.get 0 local.get 1 local.get 2 i32.atomic.rmw.cmpxchg i32.add))",
        code: "copy s3 <- s0
            copy s4 <- s1
            0x4 shared.access s3.. 50 +0 mem0
            copy s3 <- s0
            copy s4 <- s1
            0xb shared.access s3.. 490 +0 mem0
            copy s4 <- s0
            copy s5 <- s1
            copy s6 <- s2
            0x15 shared.access s4.. 532 +0 mem0
            i32.add s3 <- s3 s4
            !end 26
            return1 s3",
        right: &[&[("copy s5 <- s1\ncopy s6 <- s2", "copy s6 <- s2\ncopy s5 <- s1")]],
        wrong: &[
            // A store is performed, once, of its value, before what follows it.
            (Rule::Effects, &[("0x4 shared.access s3.. 50 +0 mem0\n", "")]),
            (Rule::Effects, &[("copy s4 <- s1\n0x4", "copy s4 <- s2\n0x4")]),
            (Rule::Effects, &[("0x4 shared.access s3.. 50", "0x4 shared.access s3.. 490")]),
            (Rule::Effects, &[("0xb shared.access s3.. 490", "0xb shared.access s3.. 50")]),
            // What is not atomic does for no modification, nor does one of other operands.
            (Rule::Effects, &[("copy s6 <- s2", "copy s6 <- s1")]),
            (Rule::Effects, &[("copy s5 <- s1\ncopy s6 <- s2", "copy s5 <- s2\ncopy s6 <- s1")]),
            (Rule::Initialised, &[("copy s6 <- s2\n", "")]),
            (Rule::Initialised, &[("i32.add s3 <- s3 s4", "i32.add s3 <- s3 s5")]),
            // The old bits are known to nobody: not even those that were just stored.
            (Rule::Results, &[("i32.add s3 <- s3 s4", "i32.add s3 <- s1 s4")]),
        ],
    },
    Case {
        // 0 get, 2 get, 4 load8_lane, 9 fence, 12 end.
        name: "a lane of a shared memory, and a fence",
        module: "(module (memory 1 1 shared) (func (param i32 v128) (result v128)
            local.get 0 local.get 1 v128.load8_lane 1 atomic.fence))",
        code: "copy s3 <- s0
            copy_v128 s4:2 <- s1:2
            0x4 shared.access s3.. 65766 +0 mem0
            0x9 atomic.fence
            !end 12
            copy_v128 s0:2 <- s3:2
            return",
        right: &[],
        wrong: &[
            (Rule::Effects, &[("65766", "131302")]),
            (Rule::Indices, &[("65766", "1048806")]),
            (Rule::Effects, &[("0x9 atomic.fence\n", "")]),
            (Rule::Effects, &[("0x9 atomic.fence", "0x9 atomic.fence\natomic.fence")]),
            (
                Rule::Effects,
                &[(
                    "0x4 shared.access s3.. 65766 +0 mem0\n0x9 atomic.fence",
                    "0x4 atomic.fence\n0x9 shared.access s3.. 65766 +0 mem0",
                )],
            ),
            (Rule::Places, &[("0x9 ", "")]),
            (Rule::Results, &[("copy_v128 s0:2 <- s3:2", "copy_v128 s0:2 <- s1:2")]),
        ],
    },
];
