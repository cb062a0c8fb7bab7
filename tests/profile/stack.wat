;;; stack 4096
;; D4: frames of the same cells end at the same depth. `$down` charges 8 × (1 + 2) + 64 = 88 bytes,
;; or 8 more for each local, 16 for a vector; what is left of 4,096 is for the caller.
(module
  (global $depth (mut i32) (i32.const 0))
  (func $down (param i32) (call $count) (call $down (i32.add (local.get 0) (i32.const 1))))
  (func $locals (param i32) (local i64 i64 i64 i64 v128)
    (call $count) (call $locals (i32.add (local.get 0) (i32.const 1))))
  (func $operands (result i32)
    (call $count)
    (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4) (call $operands)
    drop drop drop drop)
  (func $tail (param i32)
    (if (local.get 0) (then (return_call $tail (i32.sub (local.get 0) (i32.const 1))))))
  (func $count (global.set $depth (i32.add (global.get $depth) (i32.const 1))))
  (func (export "down") (call $down (i32.const 0)))
  (func (export "down, depth") (result i32) (global.get $depth) (global.set $depth (i32.const 0)))
  (func (export "locals") (call $locals (i32.const 0)))
  (func (export "locals, depth") (result i32) (global.get $depth) (global.set $depth (i32.const 0)))
  (func (export "operands") (result i32) (call $operands))
  (func (export "operands, depth") (result i32) (global.get $depth) (global.set $depth (i32.const 0)))
  (func (export "tail calls take none") (call $tail (i32.const 10000)))
  (func (export "a frame that never fits") (call $wide))
  (func $wide (local
    v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
    v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
    v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
    v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
    v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
    v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
    v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
    v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
    v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
    v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
    v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
    v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
    v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
    v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
    v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
    v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128)))
;;; > down: wasm trap: call stack exhausted at 0xb4; fuel 399
;;; > down, depth: 44; fuel 3
;;; > locals: wasm trap: call stack exhausted at 0xcb; fuel 263
;;; > locals, depth: 29; fuel 3
;;; > operands: wasm trap: call stack exhausted at 0xd0; fuel 372
;;; > operands, depth: 37; fuel 3
;;; > tail calls take none: ; fuel 60004
;;; > a frame that never fits: wasm trap: call stack exhausted at 0x133; fuel 1
