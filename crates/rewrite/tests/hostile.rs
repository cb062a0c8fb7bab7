//! Broken modules: each gives a result or an error, never a panic, and the same one twice.

use super::edits::edit;
use prova_random::Rng;
use prova_rewrite::apply;

const MODULE: &str = "(module
    (type (func (param i32) (result i32)))
    (import \"m\" \"f\" (func (type 0))) (import \"m\" \"g\" (global i32))
    (table 2 funcref) (memory 1 2) (tag (param i32)) (global (mut i32) (global.get 0))
    (export \"run\" (func 1)) (export \"memory\" (memory 0)) (start 2)
    (elem (i32.const 0) func 0 1) (elem declare func 1)
    (func $named (type 0) (local $l v128) (block $b (br_if $b (local.get 0)))
      (call_indirect (type 0) (i32.load (local.get 0)) (i32.const 1)))
    (func (drop (call 1 (i32.const -5))) (memory.init 1 (i32.const 0) (i32.const 0) (i32.const 1)))
    (data (i32.const 8) \"text\") (data \"passive\")
    (@custom \".debug_info\" \"bytes\"))";

const EDITS: [&str; 4] = [
    "customs all",
    "customs standing\ntype i32 -> i64\nimport n h 1\nnumbers func 0 2 3\nglobal 7\ndata 0 x",
    "numbers func 2 3 4\nbody 0 (func (param i32) (result i32) (i32.const 1))\nwithout import",
    "numbers type 0 - -\nnumbers global 0 -\nnumbers data 0 1\nelements 0 1\nmemory-size 0 9",
];

#[test]
fn broken_modules_are_results_or_errors() {
    let wasm = wat::parse_str(MODULE).expect("a module");
    let edits: Vec<_> = EDITS.into_iter().map(edit).collect();
    let (mut results, mut errors) = (0, 0);
    let mut run = |bytes: &[u8]| {
        for edit in &edits {
            let first = apply(bytes, edit);
            assert_eq!(first, apply(bytes, edit));
            *if first.is_ok() { &mut results } else { &mut errors } += 1;
        }
    };
    for len in 0..wasm.len() {
        run(&wasm[..len]);
    }
    for bit in 0..wasm.len() * 8 {
        let mut bytes = wasm.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        run(&bytes);
    }
    for seed in 0..4000 {
        let mut rng = Rng::new(seed);
        let mut bytes = wasm.clone();
        for _ in 0..rng.between(1, 6) {
            let at = rng.between(8, bytes.len() - 1);
            bytes[at] = rng.bits() as u8;
        }
        if rng.percent(30) {
            let at = rng.between(8, bytes.len() - 1);
            bytes.truncate(at);
        }
        run(&bytes);
    }
    assert!(results > 500 && errors > 5000, "{results} results, {errors} errors");
}
