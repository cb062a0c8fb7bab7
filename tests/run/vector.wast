;; Vectors take two cells: both must be kept, moved, returned.

(module
  (memory 1)
  (global $g (mut v128) (v128.const i64x2 1 2))
  (table 1 funcref)
  (elem (i32.const 0) $turn)
  (type $two (func (param v128 v128) (result v128 v128)))
  (func $turn (type $two) (local.get 1) (local.get 0))
  (func (export "preserve") (param v128 i32) (result v128)
    local.get 0
    block
      local.get 1
      br_if 0
      (local.set 0 (v128.const i64x2 0 0))
    end)
  (func (export "select") (param v128 v128 i32) (result v128)
    (select (local.get 0) (local.get 1) (local.get 2)))
  (func (export "typed-select") (param v128 v128 i32) (result v128)
    (select (result v128) (local.get 0) (local.get 1) (i32.eqz (local.get 2))))
  (func (export "turn") (param v128 v128) (result v128 v128)
    (call $turn (local.get 0) (local.get 1)))
  (func (export "turn-indirect") (param v128 v128) (result v128 v128)
    (call_indirect (type $two) (local.get 0) (local.get 1) (i32.const 0)))
  (func (export "turn-tail") (param v128 v128) (result v128 v128)
    (return_call $turn (local.get 0) (local.get 1)))
  ;; One-cell and two-cell values side by side.
  (func (export "mixed") (param i32 v128 i64 v128) (result v128 i32 v128 i64)
    (local.get 3) (local.get 0) (local.get 1) (local.get 2))
  (func (export "zero") (result v128) (local i32 v128 i64) (local.get 1))
  (func (export "global") (param v128) (result v128)
    global.get $g
    (global.set $g (local.get 0)))
  (func (export "memory") (param i32 v128) (result v128)
    (v128.store offset=3 (local.get 0) (local.get 1))
    (v128.load offset=3 (local.get 0)))
  (func (export "lane") (param v128 i64) (result v128)
    (i64x2.replace_lane 1 (local.get 0) (local.get 1)))
  (func (export "load-lane") (param i32 v128) (result v128)
    (i32.store (i32.const 100) (i32.const 0x01020304))
    (v128.load16_lane offset=1 7 (local.get 0) (local.get 1)))
  (func (export "through-loop") (param v128 v128 i32) (result v128 v128)
    (local.get 0) (local.get 1)
    loop (param v128 v128) (result v128 v128)
      local.set 0
      local.set 1
      local.get 0
      local.get 1
      (br_if 0 (local.tee 2 (i32.sub (local.get 2) (i32.const 1))))
    end))

(assert_return (invoke "preserve" (v128.const i64x2 3 4) (i32.const 0)) (v128.const i64x2 3 4))
(assert_return (invoke "preserve" (v128.const i64x2 3 4) (i32.const 1)) (v128.const i64x2 3 4))
(assert_return (invoke "select" (v128.const i64x2 1 2) (v128.const i64x2 3 4) (i32.const 0)) (v128.const i64x2 3 4))
(assert_return (invoke "select" (v128.const i64x2 1 2) (v128.const i64x2 3 4) (i32.const 9)) (v128.const i64x2 1 2))
(assert_return (invoke "typed-select" (v128.const i64x2 1 2) (v128.const i64x2 3 4) (i32.const 0)) (v128.const i64x2 1 2))
(assert_return (invoke "typed-select" (v128.const i64x2 1 2) (v128.const i64x2 3 4) (i32.const 1)) (v128.const i64x2 3 4))
(assert_return (invoke "turn" (v128.const i64x2 1 2) (v128.const i64x2 3 4))
  (v128.const i64x2 3 4) (v128.const i64x2 1 2))
(assert_return (invoke "turn-indirect" (v128.const i64x2 1 2) (v128.const i64x2 3 4))
  (v128.const i64x2 3 4) (v128.const i64x2 1 2))
(assert_return (invoke "turn-tail" (v128.const i64x2 1 2) (v128.const i64x2 3 4))
  (v128.const i64x2 3 4) (v128.const i64x2 1 2))
(assert_return
  (invoke "mixed" (i32.const 1) (v128.const i64x2 2 3) (i64.const 4) (v128.const i64x2 5 6))
  (v128.const i64x2 5 6) (i32.const 1) (v128.const i64x2 2 3) (i64.const 4))
(assert_return (invoke "zero") (v128.const i64x2 0 0))
(assert_return (invoke "global" (v128.const i64x2 7 8)) (v128.const i64x2 1 2))
(assert_return (invoke "global" (v128.const i64x2 0 0)) (v128.const i64x2 7 8))
(assert_return (invoke "memory" (i32.const 65517) (v128.const i64x2 7 8)) (v128.const i64x2 7 8))
(assert_trap (invoke "memory" (i32.const 65518) (v128.const i64x2 7 8)) "out of bounds memory access")
(assert_return (invoke "lane" (v128.const i64x2 7 8) (i64.const 9)) (v128.const i64x2 7 9))
(assert_return (invoke "load-lane" (i32.const 100) (v128.const i64x2 0 0)) (v128.const i16x8 0 0 0 0 0 0 0 0x0203))
(assert_return (invoke "through-loop" (v128.const i64x2 1 2) (v128.const i64x2 3 4) (i32.const 1))
  (v128.const i64x2 3 4) (v128.const i64x2 1 2))
(assert_return (invoke "through-loop" (v128.const i64x2 1 2) (v128.const i64x2 3 4) (i32.const 2))
  (v128.const i64x2 1 2) (v128.const i64x2 3 4))

(assert_invalid (module (func (result v128) (i32x4.replace_lane 4 (v128.const i64x2 0 0) (i32.const 0)))) "invalid lane index")
