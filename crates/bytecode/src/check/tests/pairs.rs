//! Accepted scripts and their refused twins, by rule (the form of a script: `super::candidate`).

use crate::Rule;

/// Scripts for one aspect of a rule, with the module they are for.
pub(super) struct Pair {
    pub(super) rule: Rule,
    pub(super) name: &'static str,
    pub(super) module: &'static str,
    pub(super) accept: &'static [&'static str],
    /// With a part of what the error says.
    pub(super) reject: &'static [(&'static str, &'static str)],
}

/// Two parameters, one result, one stack cell: L = 2, R = 1, 88 bytes of charge.
const TWO: &str = "(module (func (param i32 i32) (result i32) local.get 0))";

/// Operators at 0 loop, 2 get, 4 br_if, 6 end, 7 get, 9 end; L = 1.
const LOOP: &str =
    "(module (func (param i32) (result i32) loop local.get 0 br_if 0 end local.get 0))";

/// func0 and func1 are imported, func2 is under test (L = 1, frame 5), func3 takes two and gives
/// three. The written types come first: type2 is func0's, type3 func1's.
const CALLS: &str = "(module
    (import \"a\" \"a\" (func (param i32) (result i32))) (import \"a\" \"b\" (func))
    (func (param i32) (result i32) local.get 0 i32.const 1 i32.const 2 call 3 drop drop drop)
    (func (param i32 i32) (result i32 i32 i32) unreachable)
    (func (param i32 i32) (result i32) unreachable)
    (table 1 funcref) (table 1 externref)
    (type (func (param i32 i32) (result i32))) (type (func (result i64))))";

/// L = 3 (one v128 parameter, one i32), frame 6.
const OBJECTS: &str = "(module
    (memory 1) (memory i64 1)
    (table 1 funcref) (table 1 externref) (table 1 funcref)
    (elem func) (elem externref) (data \"\")
    (global i32 (i32.const 0)) (global (mut i32) (i32.const 0)) (global (mut v128) (v128.const i64x2 0 0))
    (func (param v128 i32) i32.const 0 i32.const 0 i32.const 0 drop drop drop))";

const SHARED: &str = "(module (memory 1 1 shared) (memory 1) (func (param i32)))";

const MEMORY64: &str = "(module (memory i64 1) (memory 1) (func (param i32)))";

/// Operators at 0 block, 2 try_table, 8 const, 10 throw, 12 end, 13 const, 15 end, 16 end; L = 1.
const TRY: &str = "(module (tag (param i32)) (tag)
    (func (param i32) (result i32)
        block (result i32) try_table (catch 0 0) i32.const 1 throw 0 end i32.const 2 end))";

/// Operators at 0 get, 2 if, 4 nop, 5 end, 6 get, 8 drop, 9 end: segments at 0 (2 units) and 6 (1
/// unit); L = 1.
const SEGMENTS: &str = "(module (func (param i32) local.get 0 if nop end local.get 0 drop))";

pub(super) const PAIRS: &[Pair] = &[
    Pair {
        rule: Rule::Decoding,
        name: "decoding",
        module: TWO,
        accept: &["return1 s0", "const64 s2 <- 5\nreturn1 s2"],
        reject: &[
            (".word 0xffff\nreturn1 s0", "unknown op"),
            ("return1 s0\n.word 0xfffe", "unknown op"),
            (".word 0x1000000010003\nreturn1 s0", "unused bits"),
            ("stub.host", "stub.host in code"),
            ("stub.attach\nreturn1 s0", "stub.attach in code"),
            (
                "br_table s0 0 -> @0\n.word 0x0000000000000002\n.word 0x0000000500000000",
                "beyond the end",
            ),
        ],
    },
    Pair {
        rule: Rule::End,
        name: "end",
        module: TWO,
        accept: &["copy s0 <- s1\nreturn1 s0", "unreachable", "br -> @0"],
        reject: &[
            ("copy s0 <- s1", "falls off"),
            ("return1 s0\ncopy s0 <- s1", "falls off"),
            ("br_if s0 -> @0", "falls off"),
            ("return1 s0\nheat", "falls off"),
            ("", "falls off"),
        ],
    },
    Pair {
        rule: Rule::Size,
        name: "size: defined function",
        module: CALLS,
        accept: &["!func 2\nreturn1 s0"],
        reject: &[
            ("!func 1\nreturn", "the module defines no func1"),
            ("!func 9\nreturn", "the module defines no func9"),
        ],
    },
    Pair {
        rule: Rule::Frame,
        name: "frame",
        module: TWO,
        accept: &["!frame 2\nreturn1 s0", "!frame 11\nreturn1 s0"],
        reject: &[
            ("!frame 1\nreturn1 s0", "1 cells, with 2 of locals"),
            ("!frame 12\nreturn1 s0", "12 cells for 88 bytes"),
            ("!frame 4294967295\nreturn1 s0", "for 88 bytes"),
        ],
    },
    Pair {
        rule: Rule::Frame,
        name: "frame: results",
        module: "(module (func (result i32 i32 v128) unreachable))",
        accept: &["!frame 4\nunreachable"],
        reject: &[("!frame 3\nunreachable", "3 cells, with 0 of locals and 4 of results")],
    },
    Pair {
        rule: Rule::Slots,
        name: "slots",
        module: OBJECTS,
        accept: &[
            "copy s5 <- s2\nreturn",
            "copy_v128 s4:2 <- s0:2\nreturn",
            "!frame 7\ncopy s6 <- s2\nreturn",
        ],
        reject: &[
            ("copy s6 <- s2\nreturn", "s6 (1 cells) in a frame of 6"),
            ("copy s2 <- s6\nreturn", "s6 (1 cells) in a frame of 6"),
            ("copy_v128 s5:2 <- s0:2\nreturn", "s5 (2 cells) in a frame of 6"),
            ("i64.mul_wide_s s5 s6 <- s0 s1\nreturn", "s6 (1 cells)"),
            ("br_if s65535 -> @0\nreturn", "s65535"),
            ("i32.store s2 s6 +0\nreturn", "s6"),
            ("v128.and s4:2 <- s0:2 s5:2\nreturn", "s5 (2 cells) in a frame of 6"),
            ("v128.bitselect s4:2 <- s0:2 s0:2 s5:2\nreturn", "s5 (2 cells) in a frame of 6"),
        ],
    },
    Pair {
        rule: Rule::Targets,
        name: "targets",
        module: TWO,
        accept: &[
            "const64 s2 <- 7\nbr_if s0 -> @0\nbr_table s0 0 -> @0 @3 @10\nreturn1 s0",
            "br -> @5\nconst64 s2 <- 7\nbr -> @2",
        ],
        reject: &[
            ("const64 s2 <- 7\nbr_if s0 -> @1\nreturn1 s0", "goes to word 1"),
            ("br_if s0 -> @3\nconst64 s2 <- 7\nreturn1 s0", "word 0 goes to word 3"),
            ("br_i32.lt_s_imm s0 5 -> @1\nreturn1 s0", "word 0 goes to word 1"),
            ("br_if s0 -> @-1\nreturn1 s0", "-1 leaves"),
            ("br_if s0 -> @4\nreturn1 s0", "+4 leaves"),
            ("br_table s0 0 -> @3 @1 @3\nreturn1 s0", "word 0 goes to word"),
            ("br_table s0 0 -> @0 @9\nreturn1 s0", "+9 leaves"),
            ("br -> @2147483647", "leaves"),
        ],
    },
    Pair {
        rule: Rule::Indices,
        name: "indices: functions and types",
        module: CALLS,
        accept: &[
            "call_import s1.. func1\nref.func s1 <- func4\nref.func s1 <- func0\nreturn1 s0",
            "const32 s1 <- 1\nconst32 s2 <- 1\ncall_indirect s1.. s0 type0 table0\nreturn1 s0",
        ],
        reject: &[
            ("call s1.. func1\nreturn1 s0", "func1 is not of 2 to 5"),
            ("call s1.. func5\nreturn1 s0", "func5 is not of 2 to 5"),
            ("return_call s1.. func0", "func0 is not of 2 to 5"),
            ("call_import s1.. func2\nreturn1 s0", "func2 is not of 0 to 2"),
            ("return_call_import s1.. func4294967295", "is not of 0 to 2"),
            ("ref.func s1 <- func5\nreturn1 s0", "func5 is not of 0 to 5"),
            ("call_indirect s1.. s0 type5 table0\nreturn1 s0", "there is no type5"),
            ("return_call_indirect s1.. s0 type4294967295 table0", "there is no type"),
            ("call_indirect s1.. s0 type1 table2\nreturn1 s0", "there is no table2"),
        ],
    },
    Pair {
        rule: Rule::Indices,
        name: "indices: objects",
        module: OBJECTS,
        accept: &[
            "i32.load_far s3 <- s0 +4294967296 mem1\nmemory.copy s0 s1 s2 mem1 mem0\nreturn",
            "memory.init s0 s1 s2 mem1 data0\ndata.drop data0\nelem.drop elem1\nreturn",
            "table.size s3 <- table2\nglobal.get s3 <- global1\nreturn",
        ],
        reject: &[
            ("i32.load_far s3 <- s0 +0 mem2\nreturn", "there is no mem2"),
            ("i32.atomic.store s0 +0 mem2 s0\nreturn", "there is no mem2"),
            ("memory.atomic.notify s3 <- s0 s1 +0 mem2\nreturn", "there is no mem2"),
            ("v128.load8_lane s3:2 <- s2 +0 mem4294967295 s0:2 lane1\nreturn", "there is no mem"),
            ("memory.copy s0 s1 s2 mem1 mem2\nreturn", "there is no mem2"),
            ("memory.init s0 s1 s2 mem1 data1\nreturn", "there is no data1"),
            ("data.drop data1\nreturn", "there is no data1"),
            ("elem.drop elem2\nreturn", "there is no elem2"),
            ("table.init s0 s1 s2 table3 elem0\nreturn", "there is no table3"),
            ("table.size s3 <- table3\nreturn", "there is no table3"),
            ("global.get s3 <- global3\nreturn", "there is no global3"),
            ("global.set global3 s2\nreturn", "there is no global3"),
        ],
    },
    Pair {
        rule: Rule::Kinds,
        name: "kinds: globals",
        module: OBJECTS,
        accept: &[
            "global.get s3 <- global0\nglobal.set global1 s3\nreturn",
            "global.get_v128 s3:2 <- global2\nglobal.set_v128 global2 s3:2\nreturn",
        ],
        reject: &[
            ("global.get s3 <- global2\nreturn", "global.get of global2, a v128"),
            ("global.get_v128 s3:2 <- global1\nreturn", "global.get_v128 of global1, a i32"),
            ("global.set global2 s0\nreturn", "global.set of global2"),
            ("global.set_v128 global1 s0:2\nreturn", "global.set_v128 of global1"),
            ("global.set global0 s2\nreturn", "global0 is not mutable"),
        ],
    },
    Pair {
        rule: Rule::Kinds,
        name: "kinds: memory 0",
        module: OBJECTS,
        accept: &["i32.load s2 <- s2 +65535\nv128.store s2 s0:2 +0\nreturn"],
        reject: &[],
    },
    Pair {
        rule: Rule::Kinds,
        name: "kinds: memory 0 has 64-bit addresses",
        module: MEMORY64,
        accept: &["i32.load_far s0 <- s0 +0 mem0\nreturn"],
        reject: &[
            ("i32.load s0 <- s0 +0\nreturn", "mem0 has 64-bit addresses"),
            ("i64.store8 s0 s0 +0\nreturn", "mem0 has 64-bit addresses"),
        ],
    },
    Pair {
        rule: Rule::Kinds,
        name: "kinds: memory 0 is shared",
        module: SHARED,
        accept: &[
            "!frame 2\nshared.access s1.. 36 +0 mem0\nreturn",
            "i32.load_far s0 <- s0 +0 mem1\nreturn",
            "memory.fill s0 s0 s0 mem0\nreturn",
        ],
        reject: &[
            ("i32.load s0 <- s0 +0\nreturn", "mem0 is shared"),
            ("i64.store8 s0 s0 +0\nreturn", "mem0 is shared"),
            ("i32.load_far s0 <- s0 +0 mem0\nreturn", "mem0, which is shared"),
            ("i64.store_far s0 +0 mem0 s0\nreturn", "mem0, which is shared"),
            ("i32.atomic.load s0 <- s0 +0 mem0\nreturn", "mem0, which is shared"),
            ("i32.atomic.store s0 +0 mem0 s0\nreturn", "mem0, which is shared"),
            ("i32.atomic.rmw.add s0 <- s0 +0 mem0 s0\nreturn", "mem0, which is shared"),
            ("i32.atomic.rmw.cmpxchg s0 <- s0 +0 mem0 s0 s0\nreturn", "mem0, which is shared"),
            ("!frame 2\nshared.access s1.. 36 +0 mem1\nreturn", "mem1 is not shared"),
        ],
    },
    Pair {
        rule: Rule::Indices,
        name: "indices: accesses of a shared memory",
        module: SHARED,
        accept: &["!frame 2\nshared.access s1.. 36 +18446744073709551615 mem0\nreturn"],
        reject: &[
            ("!frame 2\nshared.access s1.. 61 +0 mem0\nreturn", "0x3d is no access"),
            ("!frame 2\nshared.access s1.. 65572 +0 mem0\nreturn", "0x10024 is no access"),
            ("!frame 2\nshared.access s1.. -1 +0 mem0\nreturn", "is no access"),
            ("!frame 2\nshared.access s1.. 36 +0 mem2\nreturn", "there is no mem2"),
        ],
    },
    Pair {
        rule: Rule::Windows,
        name: "windows: accesses of a shared memory",
        module: SHARED,
        accept: &["!frame 4\nshared.access s1.. 230 +0 mem0\nreturn"],
        reject: &[
            ("!frame 3\nshared.access s1.. 230 +0 mem0\nreturn", ""),
            ("!frame 4\nshared.access s2.. 532 +0 mem0\nreturn", ""),
            ("!frame 4\nshared.access s65535.. 36 +0 mem0\nreturn", ""),
        ],
    },
    Pair {
        rule: Rule::Kinds,
        name: "kinds: there is no memory 0",
        module: TWO,
        accept: &["return1 s0"],
        reject: &[("i32.load s0 <- s0 +0\nreturn1 s0", "there is no mem0")],
    },
    Pair {
        rule: Rule::Kinds,
        name: "kinds: references",
        module: OBJECTS,
        accept: &[
            "table.copy s0 s1 s2 table0 table2\ntable.copy s0 s1 s2 table1 table1\nreturn",
            "table.init s0 s1 s2 table0 elem0\ntable.init s0 s1 s2 table1 elem1\nreturn",
        ],
        reject: &[
            ("table.copy s0 s1 s2 table0 table1\nreturn", "references of two kinds"),
            ("table.init s0 s1 s2 table1 elem0\nreturn", "references of two kinds"),
        ],
    },
    Pair {
        rule: Rule::Kinds,
        name: "kinds: calls through a table",
        module: CALLS,
        accept: &["call_indirect s1.. s0 type1 table0\nreturn1 s0"],
        reject: &[
            ("call_indirect s1.. s0 type1 table1\nreturn1 s0", "a call through table1"),
            ("return_call_indirect s1.. s0 type0 table1", "a call through table1"),
        ],
    },
    Pair {
        rule: Rule::Lanes,
        name: "lanes",
        module: OBJECTS,
        accept: &[
            "i8x16.extract_lane_s s3 <- s0:2 lane15\nf64x2.replace_lane s0:2 <- s0:2 s2 lane1\nreturn",
            "v128.store32_lane s2 +0 mem0 s0:2 lane3\nreturn",
            "i8x16.shuffle s0:2 <- s0:2 s0:2 0x1f000102030405060708090a0b0c0d0e\nreturn",
            "const128 s0:2 <- 0xffffffffffffffffffffffffffffffff\nreturn",
        ],
        reject: &[
            ("i8x16.extract_lane_s s3 <- s0:2 lane16\nreturn", "lane16 of 16"),
            ("f64x2.replace_lane s0:2 <- s0:2 s2 lane2\nreturn", "lane2 of 2"),
            ("i16x8.extract_lane_u s3 <- s0:2 lane255\nreturn", "lane255 of 8"),
            ("v128.store32_lane s2 +0 mem0 s0:2 lane4\nreturn", "lane4 of 4"),
            ("v128.load64_lane s0:2 <- s2 +0 mem0 s0:2 lane2\nreturn", "lane2 of 2"),
            (
                "i8x16.shuffle s0:2 <- s0:2 s0:2 0x20000102030405060708090a0b0c0d0e\nreturn",
                "a shuffle by 0x2000",
            ),
            (
                "i8x16.shuffle s0:2 <- s0:2 s0:2 0x20000000000000002000000000000000\nreturn",
                "shuffle",
            ),
            (
                "i8x16.shuffle s0:2 <- s0:2 s0:2 0x00000000000000000000000000000080\nreturn",
                "shuffle",
            ),
        ],
    },
    Pair {
        rule: Rule::Windows,
        name: "windows",
        module: CALLS,
        accept: &[
            "const32 s1 <- 1\nconst32 s2 <- 2\ncall s1.. func3\nreturn1 s1",
            "call_import s5.. func1\nreturn1 s0",
            "!frame 5\nconst32 s3 <- 1\nconst32 s4 <- 2\nreturn_call s3.. func4",
        ],
        reject: &[
            ("const32 s1 <- 1\ncall s0.. func3\nreturn1 s1", "a window of 3 cells at s0"),
            ("const32 s3 <- 1\nconst32 s4 <- 2\ncall s3.. func3\nreturn1 s0", "3 cells at s3"),
            ("call_import s6.. func1\nreturn1 s0", "0 cells at s6"),
            ("call_import s0.. func1\nreturn1 s0", "0 cells at s0"),
            ("call_import s65535.. func0\nreturn1 s0", "1 cells at s65535"),
            ("call_indirect s4.. s0 type0 table0\nreturn1 s0", "2 cells at s4"),
            ("const32 s4 <- 1\nreturn_call s4.. func4", "2 cells at s4"),
            ("return_call_import s0.. func0", "1 cells at s0"),
            ("return_call_indirect s4.. s0 type0 table0", "2 cells at s4"),
        ],
    },
    Pair {
        rule: Rule::Returns,
        name: "results: return1",
        module: CALLS,
        accept: &["return1 s0", "return", "!func 3\nunreachable"],
        reject: &[
            ("!func 3\nreturn1 s0", "return1 for 3 cells"),
            ("return2 s0 s1", "return2 for 1 cells"),
        ],
    },
    Pair {
        rule: Rule::Returns,
        name: "results: tail calls that give references",
        module: "(module (func (result funcref) unreachable) (func (result (ref func)) unreachable)
            (func (result externref) unreachable))",
        accept: &["!frame 1\nreturn_call s0.. func1"],
        reject: &[("!frame 1\nreturn_call s0.. func2", "a tail call of")],
    },
    Pair {
        rule: Rule::Returns,
        name: "results: a vector",
        module: "(module (func (param v128) (result v128) local.get 0) (func (param v128)))",
        accept: &["return", "!func 1\nreturn"],
        reject: &[
            ("return1 s0", "return1 for 2 cells"),
            ("!func 1\nreturn1 s0", "return1 for 0 cells"),
        ],
    },
    Pair {
        rule: Rule::Returns,
        name: "results: tail calls",
        module: CALLS,
        accept: &[
            "const32 s1 <- 1\nreturn_call_import s1.. func0",
            "const32 s1 <- 1\nreturn_call_indirect s1.. s0 type2 table0",
        ],
        reject: &[
            ("const32 s1 <- 1\nreturn_call_import s1.. func1", "a tail call of [] -> []"),
            ("return_call_indirect s1.. s0 type1 table0", "a tail call of [] -> [i64]"),
            ("const32 s1 <- 1\nconst32 s2 <- 1\nreturn_call s1.. func3", "[i32 i32 i32]"),
        ],
    },
    Pair {
        rule: Rule::Map,
        name: "map",
        module: SEGMENTS,
        accept: &[
            "0x0 const64 s1 <- 5\n0x6 copy s1 <- s0\n0x6 return",
            "0x9 return",
            "0x5 copy s1 <- s0\n0x0 return",
        ],
        reject: &[
            ("return\n0x0", "no entry at word 0"),
            ("const64 s1 <- 5\n0x0 return", "no entry at word 0"),
            ("0x0 return\n0x1", "is behind the code"),
            ("0x0\n0x1 return", "does not ascend"),
            ("0x0 copy s1 <- s0\n0x1\n0x2 return", "does not ascend"),
            ("0xa return", "outside of the body"),
            ("0x0 copy s1 <- s0\n0xffff return", "outside of the body"),
            ("!map-base 1\n0x0 return", "outside of the body"),
        ],
    },
    Pair {
        rule: Rule::Hints,
        name: "hints",
        module: SEGMENTS,
        accept: &["!hint 2 0\n!hint 5 0\n!hint 9 1\nreturn", "!hint 2000 0\nreturn"],
        reject: &[
            ("!hint 2 0\n!hint 2 0\nreturn", "does not ascend"),
            ("!hint 5 0\n!hint 2 0\nreturn", "does not ascend"),
            ("!hint 2 1\n!hint 5 0\nreturn", "names word 0"),
            ("!hint 2 2\nreturn", "names word 2"),
        ],
    },
    Pair {
        rule: Rule::Metering,
        name: "metering: fuel",
        module: SEGMENTS,
        accept: &[
            "!fuel\n0x0 charge 2\n0x2 br_if_not s0 -> @4\n0x6 charge 1\nreturn",
            "return",
            "!epoch\npoll\nreturn",
        ],
        reject: &[
            ("!fuel\n0x0 charge 2\n0x6 return", "no charge for the segment"),
            ("!fuel\n0x6 charge 1\n0x0 charge 2\nreturn", "charges 1"),
            ("!fuel\n0x0 charge 1\n0x6 charge 1\nreturn", "charges 1"),
            ("!fuel\n0x0 charge 2\n0x5 charge 1\nreturn", "charges 1"),
            ("!fuel\n0x0 charge 2\n0x6 charge 1\ncharge 1\nreturn", "a charge for no segment"),
            ("!fuel\n0x0 poll\ncharge 2\n0x6 charge 1\nreturn", "a poll without epochs"),
            ("charge 2\nreturn", "a charge for no segment"),
            ("poll\nreturn", "a poll without epochs"),
            ("!epoch\npoll\ncharge 2\nreturn", "a charge for no segment"),
        ],
    },
    Pair {
        rule: Rule::Metering,
        name: "metering: epochs",
        module: LOOP,
        accept: &[
            "!epoch\npoll\n@top:\npoll\nbr_if s0 -> @top\nreturn1 s0",
            "!epoch\npoll\nbr_table s0 0 -> @0 @5\n@out:\nreturn1 s0",
        ],
        reject: &[
            ("!epoch\ncopy s0 <- s0\nreturn1 s0", "no poll at the entry"),
            ("!epoch\npoll\n@top:\nbr_if s0 -> @top\nreturn1 s0", "meets no poll"),
            ("!epoch\npoll\ncopy s0 <- s0\nbr_table s0 0 -> @1 @7\nreturn1 s0", "meets no poll"),
        ],
    },
    Pair {
        rule: Rule::Metering,
        name: "metering: counts and epochs",
        module: LOOP,
        accept: &[
            "heat\nreturn1 s0",
            "!epoch\nheat\npoll\n@top:\nheat\npoll\nbr_if s0 -> @top\nreturn1 s0",
            "!epoch\npoll\n@top:\npoll\nheat\nbr_if s0 -> @top\nreturn1 s0",
            "!epoch\npoll\nheat\n@top:\npoll\nbr_if s0 -> @top\nreturn1 s0",
        ],
        reject: &[
            ("!epoch\nheat\nreturn1 s0", "no poll at the entry"),
            ("!epoch\nheat\nheat\npoll\nreturn1 s0", "no poll at the entry"),
            ("!epoch\nheat\ncopy s0 <- s0\npoll\nreturn1 s0", "no poll at the entry"),
            ("!epoch\npoll\n@top:\nheat\nbr_if s0 -> @top\nreturn1 s0", "meets no poll"),
            (
                "!epoch\npoll\n@top:\nheat\nheat\npoll\nbr_if s0 -> @top\nreturn1 s0",
                "meets no poll",
            ),
            ("!epoch\npoll\n@top:\nheat\nbr_if s0 -> @top\npoll\nreturn1 s0", "meets no poll"),
        ],
    },
    Pair {
        rule: Rule::Metering,
        name: "metering: handlers and epochs",
        module: TRY,
        accept: &[
            "!epoch\n!catch 1 5 0 0 5 1\npoll\nconst32 s1 <- 1\nthrow s1.. tag0\nreturn1 s1",
            "!epoch\n!catch 1 5 0 0 0 1\npoll\nconst32 s1 <- 1\nthrow s1.. tag0",
            "!epoch\n!catch 2 6 0 0 0 1\nheat\npoll\nconst32 s1 <- 1\nthrow s1.. tag0",
        ],
        reject: &[
            ("!epoch\n!catch 3 5 0 0 1 1\npoll\nconst32 s1 <- 1\nthrow s1.. tag0", "meets no poll"),
            ("!epoch\n!catch 1 5 0 0 1 1\npoll\nconst32 s1 <- 1\nthrow s1.. tag0", "meets no poll"),
            (
                "!epoch\n!catch 2 6 0 0 1 1\npoll\nheat\nconst32 s1 <- 1\nthrow s1.. tag0",
                "meets no poll",
            ),
        ],
    },
    Pair {
        rule: Rule::Metering,
        name: "metering: both",
        module: SEGMENTS,
        accept: &["!both\n0x0 poll\ncharge 2\n0x2 br_if_not s0 -> @5\n0x6 charge 1\nreturn"],
        reject: &[
            ("!both\n0x0 charge 2\n0x6 charge 1\nreturn", "no poll at the entry"),
            ("!both\n0x0 charge 2\npoll\n0x6 charge 1\nreturn", "no poll at the entry"),
            ("!both\n0x0 poll\ncharge 2\n0x6 return", "no charge for the segment"),
            ("!both\n0x0 poll\ncharge 1\n0x6 charge 1\nreturn", "charges 1"),
            (
                "!both\n0x0 poll\n@top:\ncharge 2\n0x6 charge 1\nbr_if s0 -> @top\nreturn",
                "meets no poll",
            ),
        ],
    },
    Pair {
        rule: Rule::Handlers,
        name: "handlers: ranges",
        module: TRY,
        accept: &[
            "!catch 0 4 0 0 4 1\nconst32 s1 <- 1\nthrow s1.. tag0\nreturn1 s0",
            "!catch 0 4 0 0 4294967295 0\nconst32 s1 <- 1\nthrow s1.. tag0",
            "!catch 2 4 0 0 4 1\n!catch 0 4 1 0 4 1\nconst32 s1 <- 1\nthrow s1.. tag0\nreturn1 s0",
            "!catch 2 2 0 0 4 1\nconst32 s1 <- 1\nthrow s1.. tag0\nreturn1 s0",
        ],
        reject: &[
            (
                "!catch 4 2 0 0 4 1\nconst32 s1 <- 1\nthrow s1.. tag0\nreturn1 s1",
                "a range from @4 to @2",
            ),
            (
                "!catch 0 4 0 0 4 1\n!catch 0 2 0 0 4 1\nconst32 s1 <- 1\nthrow s1.. tag0\nreturn1 s1",
                "a range from @0 to @2",
            ),
            ("!catch 0 9 0 0 4 1\nconst32 s1 <- 1\nthrow s1.. tag0\nreturn1 s1", "behind the code"),
            (
                "!catch 0 4 0 0 6 1\n!catch 2 6 0 0 6 1\nconst32 s1 <- 1\nconst32 s1 <- 1\nthrow s1.. tag0\nreturn1 s1",
                "not nested",
            ),
            (
                "!catch 0 1 0 0 3 1\nconst64 s1 <- 1\nreturn1 s1\nreturn1 s1",
                "inside an instruction",
            ),
            (
                "!catch 1 5 0 0 3 1\nconst64 s1 <- 1\nreturn1 s1\nreturn1 s1",
                "inside an instruction",
            ),
            ("!catch 0 1 0 0 0 1\nbr_table s0 0 -> @0 @0 @0", "does not end at an instruction"),
            ("!catch 1 2 0 0 0 1\nbr_table s0 0 -> @0 @0 @0", "does not end at an instruction"),
        ],
    },
    Pair {
        rule: Rule::Slots,
        name: "handlers: where values are written",
        module: TRY,
        accept: &["!catch 0 4 0 0 4 1\nconst32 s1 <- 1\nthrow s1.. tag0\nreturn1 s0"],
        reject: &[
            (
                "!catch 0 4 0 0 4 2\nconst32 s1 <- 1\nthrow s1.. tag0\nreturn1 s0",
                "1 cells at s2: 1 of locals, frame 2",
            ),
            (
                "!catch 0 4 0 0 4 0\nconst32 s1 <- 1\nthrow s1.. tag0\nreturn1 s0",
                "1 cells at s0: 1 of locals, frame 2",
            ),
            (
                "!catch 0 4 0 1 4 1\nconst32 s1 <- 1\nthrow s1.. tag0\nreturn1 s0",
                "2 cells at s1: 1 of locals, frame 2",
            ),
        ],
    },
    Pair {
        rule: Rule::Returns,
        name: "handlers: values that are results",
        module: TRY,
        accept: &["!catch 0 4 0 0 4294967295 0\nconst32 s1 <- 1\nthrow s1.. tag0"],
        reject: &[
            (
                "!catch 0 4 0 0 4294967295 1\nconst32 s1 <- 1\nthrow s1.. tag0",
                "1 cells at s1 as 1 of results",
            ),
            (
                "!catch 0 4 0 1 4294967295 0\nconst32 s1 <- 1\nthrow s1.. tag0",
                "2 cells at s0 as 1 of results",
            ),
        ],
    },
];
