;; Exceptions: where they go on, what is left of locals and the operand stack there, references to them, tags of instances.

(module
  (tag $i (param i32))
  (tag $wide (param v128 i64))
  (tag $none)

  (func $throw (param i32) (throw $i (local.get 0)))
  ;; Throws from a depth, with the logical stack of many frames given back each time.
  (func $deep (param i32 i32)
    (if (i32.eqz (local.get 0)) (then (throw $i (local.get 1))))
    (call $deep (i32.sub (local.get 0) (i32.const 1)) (local.get 1)))

  ;; A local that is written before the throw keeps its new value; one that is written behind it keeps its old one.
  (func (export "locals") (param i32) (result i32)
    (local $a i32) (local $b i32)
    (local.set $a (i32.const 1))
    (local.set $b (i32.const 2))
    (block $h (result i32)
      (try_table (catch $i $h)
        (local.set $a (i32.const 10))
        (call $throw (local.get 0))
        (local.set $b (i32.const 20)))
      (i32.const 0))
    (i32.add (i32.add (local.get $a) (local.get $b))))

  ;; A value below the block that is an alias of a local which the body writes.
  (func (export "below") (param i32) (result i32)
    local.get 0
    i32.const 1000
    (block $h (result i32)
      (try_table (catch $i $h)
        (local.set 0 (i32.const 7))
        (call $throw (local.get 0)))
      (i32.const 0))
    i32.add
    i32.sub)

  ;; The label of a loop: the value is its parameter.
  (func (export "again") (param i32) (result i32)
    (local $n i32)
    (i32.const 0)
    (loop $l (param i32) (result i32)
      (local.set $n (i32.add (local.get $n)))
      (try_table (result i32) (catch $i $l)
        (if (i32.lt_s (local.get $n) (local.get 0)) (then (throw $i (i32.const 3))))
        (local.get $n))))

  ;; The label of the body: the function returns.
  (func (export "body") (param i32) (result i32)
    (try_table (catch $i 0) (call $throw (i32.mul (local.get 0) (i32.const 2))))
    (i32.const -1))
  (func $body-inner (param i32) (result i32)
    (try_table (catch $i 0) (call $deep (i32.const 9) (local.get 0)))
    (i32.const -1))
  (func (export "body-called") (param i32) (result i32)
    (i32.add (call $body-inner (local.get 0)) (i32.const 100)))

  (func (export "wide") (result i32 i64)
    (local $x i64)
    (block $h (result v128 i64)
      (try_table (catch $wide $h)
        (throw $wide (v128.const i32x4 1 2 3 4) (i64.const 5)))
      unreachable)
    (local.set $x)
    i32x4.extract_lane 2
    (local.get $x))

  ;; Clauses are asked in order, inner ones first; what none wants goes on outwards.
  (func $raise (param i32)
    (if (i32.eq (local.get 0) (i32.const 0)) (then (throw $none)))
    (if (i32.eq (local.get 0) (i32.const 1)) (then (throw $i (i32.const 11))))
    (if (i32.eq (local.get 0) (i32.const 2)) (then (throw $wide (v128.const i64x2 0 0) (i64.const 0)))))
  (func (export "order") (param i32) (result i32)
    (block $all
      (block $one (result i32)
        (block $none
          (try_table (catch $i $one) (catch_all $all)
            (try_table (catch $none $none) (call $raise (local.get 0))
              (return (i32.const 0))))
          unreachable)
        (return (i32.const 1)))
      (return))
    (i32.const 3))

  ;; Caught with its reference, thrown again, caught by another tag's clause not at all.
  (func (export "again-thrown") (param i32) (result i32)
    (local $e exnref)
    (block $h (result exnref)
      (try_table (catch_all_ref $h) (call $deep (i32.const 3) (local.get 0)))
      unreachable)
    (local.set $e)
    (block $other
      (block $one (result i32)
        (try_table (catch $none $other) (catch $i $one) (throw_ref (local.get $e)))
        unreachable)
      return)
    (i32.const -1))
  (func (export "both") (param i32) (result i32 i32)
    (block $h (result i32 exnref)
      (try_table (catch_ref $i $h) (throw $i (local.get 0)))
      unreachable)
    ref.is_null)
  (func (export "throw-null") (throw_ref (ref.null exn)))

  ;; A million exceptions with references: most are dropped, the first is kept and still there.
  (func (export "many") (result i32)
    (local $n i32) (local $first exnref) (local $e exnref)
    (local.set $n (i32.const 1000000))
    (loop $l
      (block $h (result i32 exnref)
        (try_table (catch_ref $i $h) (throw $i (local.get $n)))
        unreachable)
      (local.set $e)
      (drop)
      (if (ref.is_null (local.get $first)) (then (local.set $first (local.get $e))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (block $h (result i32)
      (try_table (catch $i $h) (throw_ref (local.get $first)))
      (i32.const 0)))

  ;; A trap is no exception.
  (func (export "trap") (result i32)
    (block $h (try_table (catch_all $h) (unreachable)))
    (i32.const 1))
  (func (export "uncaught") (param i32) (call $deep (i32.const 20) (local.get 0)))
  ;; A tail call has left the clauses behind.
  (func $tail (param i32) (try_table (catch_all 0) (return_call $throw (local.get 0))))
  (func (export "tail") (param i32) (call $tail (local.get 0)))

  ;; In ten thousand rounds no stack is lost.
  (func (export "rounds") (result i32)
    (local $n i32)
    (local.set $n (i32.const 10000))
    (loop $l
      (block $h (result i32)
        (try_table (catch $i $h) (call $deep (i32.const 90) (i32.const 1)))
        (i32.const 0))
      drop
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $n)))

(assert_return (invoke "locals" (i32.const 300)) (i32.const 312))
(assert_return (invoke "below" (i32.const 5)) (i32.const -1002))
(assert_return (invoke "again" (i32.const 10)) (i32.const 12))
(assert_return (invoke "again" (i32.const 0)) (i32.const 0))
(assert_return (invoke "body" (i32.const 21)) (i32.const 42))
(assert_return (invoke "body-called" (i32.const 21)) (i32.const 121))
(assert_return (invoke "wide") (i32.const 3) (i64.const 5))
(assert_return (invoke "order" (i32.const 0)) (i32.const 1))
(assert_return (invoke "order" (i32.const 1)) (i32.const 11))
(assert_return (invoke "order" (i32.const 2)) (i32.const 3))
(assert_return (invoke "order" (i32.const 3)) (i32.const 0))
(assert_return (invoke "again-thrown" (i32.const 8)) (i32.const 8))
(assert_return (invoke "both" (i32.const 8)) (i32.const 8) (i32.const 0))
(assert_trap (invoke "throw-null") "null exception reference")
(assert_return (invoke "many") (i32.const 1000000))
(assert_trap (invoke "trap") "unreachable")
(assert_exception (invoke "uncaught" (i32.const 1)))
(assert_exception (invoke "tail" (i32.const 1)))
(assert_return (invoke "rounds") (i32.const 0))

;; A tag is that of its instance: two instances of one module have two, an imported one is the exporter's.
(module definition $T
  (tag $t (export "t") (param i32))
  (func (export "throw") (param i32) (throw $t (local.get 0))))
(module instance $a $T)
(module instance $b $T)
(register "a" $a)
(register "b" $b)
(module
  (import "a" "t" (tag $a (param i32)))
  (import "b" "t" (tag $b (param i32)))
  (import "a" "throw" (func $throw-a (param i32)))
  (import "b" "throw" (func $throw-b (param i32)))
  (memory 1)
  (data (i32.const 0) "\2a")
  (func (export "which") (param i32) (result i32)
    (block $b (result i32)
      (block $a (result i32)
        (try_table (catch $a $a) (catch $b $b)
          (if (local.get 0) (then (call $throw-b (i32.const 1))) (else (call $throw-a (i32.const 1)))))
        (i32.const -1))
      ;; Memory 0 is this instance's again.
      (return (i32.load8_u (i32.const 0))))
    (i32.add (i32.const 100))))
(assert_return (invoke "which" (i32.const 0)) (i32.const 42))
(assert_return (invoke "which" (i32.const 1)) (i32.const 101))

(assert_unlinkable (module (import "a" "t" (tag (param i64)))) "incompatible import type")
(assert_unlinkable (module (import "a" "t" (func))) "incompatible import type")
(assert_invalid (module (tag (result i32))) "non-empty tag result type")
(assert_invalid
  (module (tag $t (param i32)) (func (block $h (result i64) (try_table (catch $t $h)) (i64.const 0)) drop))
  "type mismatch")
