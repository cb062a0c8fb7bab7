;; Tail calls take no stack, whatever the arguments' number and order, and trap as calls do.

(module
  (type $pair (func (param i64 i64) (result i64)))
  (table 3 funcref)
  (elem (i32.const 0) $sum $count)
  (func $sum (export "sum") (param $n i64) (param $acc i64) (result i64)
    (if (i64.eqz (local.get $n)) (then (return (local.get $acc))))
    (return_call $sum
      (i64.sub (local.get $n) (i64.const 1))
      (i64.add (local.get $n) (local.get $acc))))
  ;; The arguments are each other's parameters.
  (func $turn (export "turn") (param i32 i32 i32) (result i32 i32)
    (if (i32.eqz (local.get 2)) (then (return (local.get 0) (local.get 1))))
    (return_call $turn (local.get 1) (local.get 0) (i32.add (local.get 2) (i32.const -1))))
  ;; More and fewer parameters than the caller has.
  (func $even (export "even") (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (return (i32.const 1))))
    (return_call $odd (i64.const 1) (f64.const 2) (i32.const 3) (i32.add (local.get 0) (i32.const -1))))
  (func $odd (param i64 f64 i32 i32) (result i32) (local v128 i64)
    (if (i32.eqz (local.get 3)) (then (return (i32.const 0))))
    (local.set 5 (i64.const -1))
    (return_call $even (i32.add (local.get 3) (i32.const -1))))
  ;; Locals of the callee begin with zero, whatever the caller left.
  (func (export "zeroed") (result i64) (local i64 i64 i64)
    (local.set 0 (i64.const -1)) (local.set 1 (i64.const -1)) (local.set 2 (i64.const -1))
    (return_call $locals (i64.const 5)))
  (func $locals (param i64) (result i64) (local i64 i64 i64 i64)
    (i64.or (i64.or (local.get 1) (local.get 2)) (i64.or (local.get 3) (local.get 4))))
  (func $count (param i64 i64) (result i64)
    (if (result i64) (i64.eqz (local.get 0))
      (then (local.get 1))
      (else (return_call_indirect (type $pair)
        (i64.sub (local.get 0) (i64.const 1)) (i64.add (local.get 1) (i64.const 1)) (i32.const 1)))))
  (func (export "indirect") (param i64 i32) (result i64)
    (return_call_indirect (type $pair) (local.get 0) (i64.const 0) (local.get 1)))
  (func (export "from-block") (param i32) (result i32)
    i32.const 8
    block (result i32)
      i32.const 9
      local.get 0
      if
        i32.const 10
        return_call $even
      end
    end
    i32.add))

(assert_return (invoke "sum" (i64.const 1000000) (i64.const 0)) (i64.const 500000500000))
(assert_return (invoke "turn" (i32.const 1) (i32.const 2) (i32.const 100000)) (i32.const 1) (i32.const 2))
(assert_return (invoke "turn" (i32.const 1) (i32.const 2) (i32.const 100001)) (i32.const 2) (i32.const 1))
(assert_return (invoke "even" (i32.const 1000000)) (i32.const 1))
(assert_return (invoke "even" (i32.const 1000001)) (i32.const 0))
(assert_return (invoke "zeroed") (i64.const 0))
(assert_return (invoke "indirect" (i64.const 100000) (i32.const 1)) (i64.const 100000))
(assert_return (invoke "indirect" (i64.const 10) (i32.const 0)) (i64.const 55))
(assert_trap (invoke "indirect" (i64.const 10) (i32.const 2)) "uninitialized element")
(assert_trap (invoke "indirect" (i64.const 10) (i32.const 3)) "undefined element")
(assert_return (invoke "from-block" (i32.const 0)) (i32.const 17))
(assert_return (invoke "from-block" (i32.const 1)) (i32.const 1))

;; To a function of the host, and to one of another instance.
(module $other (func (export "inc") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))))
(register "other" $other)
(module
  (import "spectest" "print_i32" (func $print (param i32)))
  (import "other" "inc" (func $inc (param i32) (result i32)))
  (func (export "print") (param i32) (return_call $print (local.get 0)))
  (func $inc2 (param i32) (result i32) (return_call $inc (call $inc (local.get 0))))
  (func (export "inc4") (param i32) (result i32) (return_call $inc2 (call $inc2 (local.get 0)))))
(assert_return (invoke "print" (i32.const 1)))
(assert_return (invoke "inc4" (i32.const 1)) (i32.const 5))

(assert_invalid
  (module (func $f (result i64) (i64.const 0)) (func (result i32) (return_call $f)))
  "type mismatch")
