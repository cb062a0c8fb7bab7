//! Facts of hand-checked functions, as text: blocks and segments with operators counted from 0.
//!
//! Green shows that these bodies get the facts the module documentation of `facts` defines, worked
//! out by hand. It does not show that a tier charges by them.

use crate::common::decode;
use prova_module::{BlockKind, FuncIdx, Module, host_charge_bytes};
use std::collections::HashMap;
use std::fmt::Write;

/// The facts of function 0 of `module` as lines, offsets turned into positions of operators.
fn facts(module: &Module) -> String {
    let facts = module.facts(FuncIdx(0)).expect("function 0 is defined");
    let mut positions = HashMap::new();
    let mut reader = module.body(FuncIdx(0)).expect("function 0 is defined").operators();
    while !reader.eof() {
        let (_, offset) = reader.read_with_offset().expect("the body is valid");
        positions.insert(offset as u32, positions.len());
    }
    let mut text = String::new();
    for block in &facts.blocks {
        let kind = match block.kind {
            BlockKind::Func => "func",
            BlockKind::Block => "block",
            BlockKind::Loop => "loop",
            BlockKind::If => "if",
            BlockKind::TryTable => "try_table",
        };
        write!(text, "{kind} {}", positions[&block.start]).unwrap();
        if let Some(offset) = block.else_ {
            write!(text, "/{}", positions[&offset]).unwrap();
        }
        write!(text, "..{} h{}", positions[&block.end], block.height_cells).unwrap();
        if block.written != 0 {
            let locals: Vec<String> = (0..64)
                .filter(|bit| block.written >> bit & 1 == 1)
                .map(|bit| bit.to_string())
                .collect();
            write!(text, " w{}", locals.join(",")).unwrap();
        }
        for (is, word) in [
            (block.branched, " branched"),
            (!block.reachable, " dead"),
            (!block.reachable_after, " dead-after"),
        ] {
            text.push_str(if is { word } else { "" });
        }
        text.push('\n');
    }
    for segment in &facts.segments {
        writeln!(text, "@{} +{}", positions[&segment.offset], segment.cost).unwrap();
    }
    let (locals, params, results) = (facts.local_cells, facts.param_cells, facts.result_cells);
    let (height, charge) = (facts.max_height_cells, facts.charge_bytes());
    writeln!(text, "cells {params}/{locals} -> {results}, height {height}, charge {charge}")
        .unwrap();
    text
}

/// Compares the facts of function 0 with lines; indentation does not count.
fn check(text: &str, expected: &str) {
    let expected: String =
        expected.trim().lines().map(|line| line.trim().to_owned() + "\n").collect();
    assert_eq!(facts(&decode(text)), expected, "{text}");
}

#[test]
fn empty_and_straight_bodies() {
    check(
        "(module (func))",
        "func 0..0 h0
         cells 0/0 -> 0, height 0, charge 64",
    );
    // local.get, local.get, i32.add, nop, end
    check(
        "(module (func (param i32 i32) (result i32) local.get 0 local.get 1 i32.add nop))",
        "func 0..4 h0
         @0 +3
         cells 2/2 -> 1, height 2, charge 96",
    );
}

#[test]
fn free_operators_make_no_segment() {
    check(
        "(module (func (block nop) unreachable))",
        "func 0..4 h0 dead-after
         block 0..2 h0
         cells 0/0 -> 0, height 0, charge 64",
    );
}

#[test]
fn a_loop_pays_at_each_iteration_and_its_end_is_no_boundary() {
    // 0 i32.const 1 local.set 2 loop 3 local.get 4 br_if 5 i32.const 6 local.set 7 end 8 i32.const
    // 9 local.set 10 end
    check(
        "(module (func (param i32) (local i32 i32)
           (local.set 1 (i32.const 1))
           (loop (br_if 0 (local.get 0)) (local.set 2 (i32.const 7)))
           (local.set 0 (i32.const 2))))",
        "func 0..10 h0 w0,1,2
         loop 2..7 h0 w2 branched
         @0 +2
         @3 +2
         @5 +4
         cells 1/3 -> 0, height 1, charge 96",
    );
}

#[test]
fn a_block_ends_a_segment_only_if_a_reachable_branch_targets_it() {
    // 0 block 1 local.get 2 drop 3 end 4 local.get 5 drop 6 end
    check(
        "(module (func (param i32) (block (drop (local.get 0))) (drop (local.get 0))))",
        "func 0..6 h0
         block 0..3 h0
         @0 +2
         cells 1/1 -> 0, height 1, charge 80",
    );
    // 0 block 1 local.get 2 br_if 3 nop 4 end 5 local.get 6 drop 7 end
    check(
        "(module (func (param i32) (block (br_if 0 (local.get 0)) nop) (drop (local.get 0))))",
        "func 0..7 h0
         block 0..4 h0 branched
         @0 +2
         @5 +1
         cells 1/1 -> 0, height 1, charge 80",
    );
    // 0 block 1 unreachable 2 br 3 end 4 local.get 5 drop 6 end: the branch is dead, so all after
    // is
    check(
        "(module (func (param i32) (block unreachable (br 0)) (drop (local.get 0))))",
        "func 0..6 h0 dead-after
         block 0..3 h0 dead-after
         cells 1/1 -> 0, height 0, charge 72",
    );
}

#[test]
fn if_else_and_their_join() {
    // 0 local.get 1 if 2 i32.const 3 else 4 i32.const 5 i32.const 6 i32.add 7 end 8 i32.eqz 9 end
    check(
        "(module (func (param i32) (result i32)
           (if (result i32) (local.get 0)
             (then (i32.const 1)) (else (i32.add (i32.const 1) (i32.const 2))))
           i32.eqz))",
        "func 0..9 h0
         if 1/3..7 h0
         @0 +2
         @2 +1
         @4 +3
         @8 +1
         cells 1/1 -> 1, height 2, charge 88",
    );
    // 0 local.get 1 if 2 return 3 end 4 local.get 5 drop 6 end: without `else` the code after lives
    check(
        "(module (func (param i32) (if (local.get 0) (then return)) (drop (local.get 0))))",
        "func 0..6 h0
         if 1..3 h0
         @0 +2
         @4 +1
         cells 1/1 -> 0, height 1, charge 80",
    );
    // 0 local.get 1 if 2 return 3 else 4 unreachable 5 end 6 local.get 7 drop 8 end
    check(
        "(module (func (param i32)
           (if (local.get 0) (then return) (else unreachable)) (drop (local.get 0))))",
        "func 0..8 h0 dead-after
         if 1/3..5 h0 dead-after
         @0 +2
         cells 1/1 -> 0, height 1, charge 80",
    );
}

#[test]
fn calls_end_segments_and_tail_calls_end_reachability() {
    // 0 i32.const 1 drop 2 call 3 i32.const 4 i32.const 5 call_indirect 6 i32.const 7 drop 8 end
    check(
        "(module (table 1 funcref) (func (drop (i32.const 0)) (call 0)
           (call_indirect (param i32) (i32.const 1) (i32.const 0)) (drop (i32.const 0))))",
        "func 0..8 h0
         @0 +2
         @3 +3
         @6 +1
         cells 0/0 -> 0, height 2, charge 80",
    );
    // 0 i32.const 1 drop 2 return_call 3 i32.const 4 drop 5 end
    check(
        "(module (func (drop (i32.const 0)) return_call 0 (drop (i32.const 1))))",
        "func 0..5 h0 dead-after
         @0 +2
         cells 0/0 -> 0, height 1, charge 72",
    );
}

#[test]
fn a_body_pays_for_its_cells_at_its_first_operator() {
    // Eight cells of parameters, locals and results are a unit, in front of the first operator.
    for (ty, line) in [
        ("(param i64 i64 i64) (result i64) (local i64 i64 v128)", "@0 +2"),
        ("(param i64 i64 i64) (result i64) (local i64 v128)", "@0 +1"),
        ("(result i64) (local i32 i32 i32 i32 i32 i32 i32)", "@0 +2"),
    ] {
        let text = format!("(module (func {ty} i64.const 0))");
        assert!(facts(&decode(&text)).contains(line), "{text}: {}", facts(&decode(&text)));
    }
    check(
        "(module (func (local v128 v128 v128 v128)))",
        "func 0..0 h0
         @0 +1
         cells 0/8 -> 0, height 0, charge 128",
    );
    // A loop that comes first is charged for itself: 0 loop 1 br 2 end 3 end
    check(
        "(module (func (local v128 v128 v128 v128) (loop (br 0))))",
        "func 0..3 h0 dead-after
         loop 0..2 h0 branched dead-after
         @0 +1
         @1 +1
         cells 0/8 -> 0, height 0, charge 128",
    );
}

#[test]
fn branches_pay_for_the_cells_they_take_along() {
    // A branch with seven cells costs 1, one with eight 2.
    for (values, cost) in [(7, 1), (8, 2), (15, 2), (16, 3)] {
        let (results, constants) = ("i32 ".repeat(values), "i32.const 1 ".repeat(values));
        for (branch, more) in [
            ("br 0", 0),
            ("i32.const 1 br_if 0", 1),
            ("i32.const 1 br_table 0 0", 1),
            ("ref.null func br_on_null 0 drop", 1),
        ] {
            let text = format!(
                "(module (type $t (func (result {results}))) (func
                   (block (type $t) {constants} {branch}) {} ))",
                "drop ".repeat(values)
            );
            let first = format!("@0 +{}", values + cost + more);
            assert!(facts(&decode(&text)).contains(&first), "{text}: {}", facts(&decode(&text)));
        }
    }
    // A vector has two cells.
    let text =
        "(module (type $t (func (result v128 v128 v128 v128))) (func (param v128) (block (type $t)
        local.get 0 local.get 0 local.get 0 local.get 0 br 0) drop drop drop drop))";
    assert!(facts(&decode(text)).contains("@0 +6"), "{}", facts(&decode(text)));
    // The label of a loop takes its parameters: 0 to 7 i64.const 8 loop 9 br 10 end 11 end
    check(
        "(module (type $t (func (param i64 i64 i64 i64 i64 i64 i64 i64)))
           (func i64.const 0 i64.const 0 i64.const 0 i64.const 0 i64.const 0 i64.const 0 i64.const 0 i64.const 0
             (loop (type $t) br 0)))",
        "func 0..11 h0 dead-after
         loop 8..10 h0 branched dead-after
         @0 +8
         @9 +2
         cells 0/0 -> 0, height 8, charge 128",
    );
}

#[test]
fn throws_pay_for_the_cells_of_their_tag() {
    // A throw of seven cells costs 1, one of eight 2; a vector has two.
    for (values, cells) in [("i32", 1), ("v128", 2)] {
        for (count, cost) in [(7 / cells, 1), (8 / cells, 2), (16 / cells, 3)] {
            let list = format!("{values} ").repeat(count);
            let zero = if cells == 1 { "i32.const 0 " } else { "v128.const i64x2 0 0 " };
            let body = zero.repeat(count);
            let text = format!("(module (tag $t (param {list})) (func {body} throw $t))");
            let first = format!("@0 +{}", count + cost);
            assert!(facts(&decode(&text)).contains(&first), "{text}: {}", facts(&decode(&text)));
        }
    }
}

#[test]
fn a_host_function_is_charged_for_the_larger_of_parameters_and_results() {
    for (ty, cells) in [
        ("", 0),
        ("(param i32 v128) (result i64)", 3),
        ("(param i32) (result f64 v128 externref)", 4),
    ] {
        let module = decode(&format!("(module (func {ty} unreachable))"));
        let charge = host_charge_bytes(module.func_type(FuncIdx(0)));
        assert_eq!(charge, 64 + 8 * cells, "{ty}");
    }
}

#[test]
fn br_table_targets_all_its_labels() {
    // 0 block 1 block 2 block 3 local.get 4 br_table 0 2 5 end 6 local.get 7 drop 8 end
    // 9 nop 10 end 11 local.get 12 drop 13 end
    check(
        "(module (func (param i32)
           (block (block (block (br_table 0 2 (local.get 0))) (drop (local.get 0))) nop)
           (drop (local.get 0))))",
        "func 0..13 h0
         block 0..10 h0 branched
         block 1..8 h0
         block 2..5 h0 branched
         @0 +2
         @6 +1
         @11 +1
         cells 1/1 -> 0, height 1, charge 80",
    );
}

#[test]
fn dead_blocks_are_marked_and_neither_charged_nor_measured() {
    // 0 return 1 i32.const 2 i32.const 3 i32.const 4 drop 5 drop 6 drop 7 loop 8 local.get
    // 9 local.set 10 br 11 end 12 end
    check(
        "(module (func (param i32)
           return (drop (drop (drop (i32.const 0) (i32.const 0) (i32.const 0))))
           (loop (local.set 0 (local.get 0)) (br 0))))",
        "func 0..12 h0 w0 dead-after
         loop 7..11 h0 w0 dead dead-after
         cells 1/1 -> 0, height 0, charge 72",
    );
}

#[test]
fn a_mask_has_nested_writes_folded_by_64_and_excludes_siblings() {
    // 0 block 1 i32.const 2 local.set 65 3 loop 4 i32.const 5 local.tee 3 6 drop 7 end 8 end
    // 9 block 10 i32.const 11 local.set 2 12 end 13 end
    let locals = "i32 ".repeat(66);
    check(
        &format!(
            "(module (func (local {locals})
               (block (local.set 65 (i32.const 0)) (loop (drop (local.tee 3 (i32.const 1)))))
               (block (local.set 2 (i32.const 0)))))"
        ),
        "func 0..13 h0 w1,2,3
         block 0..8 h0 w1,3
         loop 3..7 h0 w3
         block 9..12 h0 w2
         @0 +10
         @4 +4
         cells 0/66 -> 0, height 1, charge 600",
    );
}

#[test]
fn heights_count_two_cells_for_v128_and_stand_below_parameters() {
    // 0 local.get 1 v128.const 2 i32.const 3 block (param v128 i32) (result v128) 4 i32x4.splat
    // 5 v128.and 6 end 7 drop 8 drop 9 end
    check(
        "(module (func (param i64) (result)
           local.get 0  v128.const i64x2 1 2  i32.const 3
           block (param v128 i32) (result v128) i32x4.splat v128.and end drop drop))",
        "func 0..9 h0
         block 3..6 h1
         @0 +5
         cells 1/1 -> 0, height 5, charge 112",
    );
    // The same from locals alone, where no vector operator gives it away.
    check(
        "(module (func (param v128 i32) (result v128 i32)
           local.get 0 local.get 1 (block nop) (block (param i32) (result i32))))",
        "func 0..7 h0
         block 2..4 h3
         block 5..6 h2
         @0 +2
         cells 3/3 -> 3, height 3, charge 112",
    );
}

#[test]
fn a_v128_from_a_global_call_or_select_counts_two_cells() {
    for source in ["global.get 0", "call 1", "call 1 call 1 i32.const 0 select (result v128)"] {
        let text = format!(
            "(module (global v128 (v128.const i64x2 0 0))
               (func {source} (block nop) drop)
               (func (result v128) unreachable))"
        );
        let module = decode(&text);
        let facts = module.facts(FuncIdx(0)).unwrap();
        assert_eq!(facts.blocks[1].height_cells, 2, "{text}");
        assert!(facts.max_height_cells >= 2, "{text}");
    }
}

#[test]
fn heights_start_anew_after_else_and_after_a_block_left_by_branches() {
    let else_arm = "(module (func (param i32)
        local.get 0 local.get 0 local.get 0 local.get 0
        if (param i32 i32 i32)
          drop drop drop v128.const i64x2 0 0 drop
        else
          (block nop) drop drop drop
        end))";
    assert_eq!(decode(else_arm).facts(FuncIdx(0)).unwrap().blocks[2].height_cells, 3);
    let branch = "(module (func
        block (result v128 i32 i32 i32)
          v128.const i64x2 0 0 i32.const 0 i32.const 0 i32.const 0 br 0
        end
        (block nop) drop drop drop drop))";
    assert_eq!(decode(branch).facts(FuncIdx(0)).unwrap().blocks[2].height_cells, 5);
}

#[test]
fn values_dropped_by_a_branch_count_while_they_stand() {
    // 0 i32.const 1 i32.const 2 block 3 i32.const 4 br 1 5 end 6 unreachable 7 end
    check(
        "(module (func (result i32)
           i32.const 1 i32.const 2 block i32.const 3 br 1 end unreachable))",
        "func 0..7 h0 branched
         block 2..5 h2 dead-after
         @0 +4
         cells 0/0 -> 1, height 3, charge 88",
    );
}

#[test]
fn what_a_clause_brings_to_its_label_counts() {
    let module = decode(
        "(module (tag $t (param i32 i64 v128)) (func
           (block $l (result i32 i64 v128) (try_table (catch $t $l) nop) unreachable)
           drop drop drop))",
    );
    assert_eq!(module.facts(FuncIdx(0)).unwrap().max_height_cells, 4);
}

#[test]
fn height_is_at_least_that_of_the_results() {
    check(
        "(module (func (result v128 i32) unreachable))",
        "func 0..1 h0 dead-after
         cells 0/0 -> 3, height 3, charge 88",
    );
}

#[test]
fn bodies_do_not_leak_into_each_other() {
    let body = "(param i32) (block (br_if 0 (local.get 0)) (drop (v128.const i64x2 0 0)))";
    let module = decode(&format!(
        "(module (func {body}) (func (local v128) (drop (i32.const 0))) (func {body}))"
    ));
    let (first, third) = (module.facts(FuncIdx(0)).unwrap(), module.facts(FuncIdx(2)).unwrap());
    assert_eq!(module.facts(FuncIdx(1)).unwrap().max_height_cells, 1);
    assert_eq!(first.max_height_cells, 2);
    let shift = third.blocks[0].start - first.blocks[0].start;
    assert!(first.blocks.iter().zip(&third.blocks).all(|(a, b)| a.start + shift == b.start));
    assert_eq!(first.segments.len(), third.segments.len());
    assert_eq!(first.max_height_cells, third.max_height_cells);
}
