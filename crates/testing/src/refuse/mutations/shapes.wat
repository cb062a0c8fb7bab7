;; Functions in which a careless checker would lose track: the base of edits besides generated functions.
(module
  (memory 1)
  (global $g (mut i32) (i32.const 0))
  (tag $none)
  (tag $one (param i32))
  (func $id (param i32) (result i32) local.get 0)
  (func $raise (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (throw $none)))
    (if (i32.eq (local.get 0) (i32.const 1)) (then (throw $one (i32.const 7))))
    local.get 0)

  ;; A call in one arm whose frame starts below that of a call before the arms.
  (func (export "calls in an arm") (param i32 i32) (result i32)
    (i32.add (local.get 0) (local.get 1))
    (drop (call $id (i32.xor (local.get 0) (local.get 1))))
    (if (param i32) (result i32) (local.get 0)
      (then call $id)
      (else (local.set 0 (i32.mul (local.get 1) (i32.const 3)))
            (i32.add (i32.sub (local.get 0) (i32.add (local.get 1) (i32.shl (local.get 1) (local.get 0))))))))

  ;; Two calls, the second one with its frame above that of the first.
  (func (export "calls above calls") (param i32 i32) (result i32)
    (call $id (local.get 0))
    (call $id (i32.add (local.get 0) (local.get 1)))
    (call $id (i32.sub (local.get 0) (local.get 1)))
    i32.add i32.add
    (i32.xor (local.get 0) (local.get 1)) i32.add)

  ;; A label inside the first arm, and the second arm after it.
  (func (export "a label in an arm") (param i32 i32) (result i32) (local i32)
    (i32.mul (local.get 0) (local.get 1))
    (i32.sub (local.get 0) (local.get 1))
    (if (local.get 0)
      (then (block (br_if 0 (local.get 1)) (local.set 2 (i32.const 1)))
            (loop (local.set 1 (i32.shr_u (local.get 1) (i32.const 1))) (br_if 0 (local.get 1))))
      (else (local.set 2 (i32.add (local.get 1) (i32.const 5)))
            (global.set $g (local.get 2))))
    i32.add local.get 2 i32.add)

  ;; Constants below regions, one of which is written in an arm.
  (func (export "constants below") (param i32 i32) (result i32)
    i32.const 7
    i32.const 9
    (if (local.get 0)
      (then (block (br_if 0 (local.get 1)) (global.set $g (i32.const 7))))
      (else (loop (local.set 1 (i32.shr_u (local.get 1) (i32.const 1))) (br_if 0 (local.get 1)))
            (global.set $g (i32.const 9))))
    i32.add
    (block (param i32) (result i32)
      (br_if 0 (local.get 0)) (call $id))
    i32.const 11
    (block (result i32) (br_if 0 (i32.const 4) (local.get 1)) drop i32.const 5)
    i32.sub i32.add)

  ;; Arms that end early, and what is below them.
  (func (export "dead arms") (param i32 i32) (result i32) (local i32)
    local.get 0
    (block $out
      (block $in
        local.get 1
        (if (local.get 0)
          (then (local.set 0 (i32.const 1)) (br $out))
          (else (local.set 1 (i32.const 2)) (br_if $in (local.get 0))))
        (block (br_if 0 (local.get 1)) (local.set 2 (i32.const 3)))
        local.set 2)
      (local.set 0 (i32.add (local.get 1) (local.get 2))))
    local.get 2 i32.add)

  ;; Edges with code of their own.
  (func (export "code on edges") (param i32 i32) (result i32) (local i32)
    (block $a (result i32 i32)
      (block $b (result i32 i32)
        (local.get 0) (local.get 1)
        (br_if $a (i32.lt_s (local.get 0) (local.get 1)))
        (local.set 2) (local.set 1 (local.get 2)) (local.get 2)
        (br_if $b (i32.and (local.get 0) (i32.const 4)))
        drop (i32.const 3) (i32.const 4)
        (br_table $b $a $b $a $a $b (local.get 0)))
      (local.set 2) (i32.const 6) (local.get 2)
      (br_table $a $a $a (local.get 2)))
    i32.sub)

  ;; A throw whose handler in the outer try_table needs more than that in the inner one.
  (func (export "an outer handler") (param i32 i32) (result i32)
    (block $low
      (local.get 0)
      (block $high
        (try_table (catch $none $high)
          (try_table (catch_all $low)
            (drop (call $id (local.get 1))))
          (try_table (catch $none $low)
            (local.set 0 (i32.add (local.get 1) (i32.const 1)))
            (drop (call $raise (local.get 1)))
            (local.set 1 (i32.const 2)))
          (br $high))
        unreachable)
      (return (i32.add (local.get 1))))
    (i32.add (local.get 0) (local.get 1)))

  ;; Two clauses, the second one to a label further out.
  (func (export "two handlers") (param i32 i32) (result i32)
    (block $far
      (local.get 0)
      (block $near (result i32)
        (try_table (result i32) (catch $one $near) (catch_all $far)
          (local.set 0 (i32.const 5))
          (call $raise (local.get 1))))
      (return (i32.add)))
    (i32.add (local.get 0) (local.get 1)))

  ;; Vectors below a region, in halves.
  (func (export "vectors below") (param i32 v128 v128) (result v128)
    local.get 1
    (v128.const i64x2 1 2)
    (if (result v128) (local.get 0)
      (then (local.set 1 (v128.not (local.get 2))) (local.get 1))
      (else (block (result v128) (local.get 2) (br_if 0 (local.get 0)) (v128.not))))
    v128.xor v128.and))
