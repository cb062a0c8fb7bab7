;; Blocks with values, br_table that carries values, code that cannot be reached, deep nesting.

(module
  ;; Each target takes two values; those below stay.
  (func (export "table") (param i32) (result i32)
    i32.const 1000
    block $out (result i32)
      block $b (result i32 i32)
        block $a (result i32 i32)
          i32.const 10
          i32.const 20
          local.get 0
          br_table $a $b $a $b
        end
        i32.sub
        br $out
      end
      i32.add
    end
    i32.add)

  ;; The index is unsigned, and every target is its own.
  (func (export "case") (param i32) (result i32)
    block block block block
      local.get 0
      br_table 0 1 2 3
    end
      (return (i32.const 100))
    end
      (return (i32.const 101))
    end
      (return (i32.const 102))
    end
    i32.const 103)
  (func (export "only-default") (param i32) (result i32)
    (block (result i32) (br_table 0 (i32.const 5) (local.get 0))))

  ;; A branch out of a loop carries values past others.
  (func (export "past") (param i32) (result i32 i32)
    block (result i32 i32)
      i32.const 1
      i32.const 2
      loop (result i32)
        i32.const 3
        i32.const 4
        local.get 0
        br_if 1
        i32.add
      end
      i32.add
      i32.add
      i32.const 9
    end)

  ;; What follows a branch without condition is not executed, and its stack is of any type.
  (func (export "dead") (param i32) (result i32)
    block (result i32)
      local.get 0
      br 0
      i32.add
      i32.eqz
      if (result i32)
        i32.const 1
      else
        unreachable
      end
    end)
  (func (export "dead-loop") (param i32) (result i32)
    local.get 0
    return
    (loop (br 0)))

  ;; Else and then leave as many values as they must, whichever way they are left.
  (func (export "arms") (param i32 i32) (result i32 i32)
    local.get 0
    local.get 1
    local.get 0
    if (param i32 i32) (result i32 i32)
      local.get 1
      br_if 0
      i32.const 1
      i32.add
    else
      drop
      i32.const 8
      i32.const 9
      br 1
    end)

  ;; fac by a loop with three parameters.
  (func (export "fac") (param i64) (result i64)
    i64.const 1
    local.get 0
    loop $l (param i64 i64) (result i64)
      local.set 0
      local.get 0
      i64.mul
      local.get 0
      i64.const -1
      i64.add
      local.get 0
      i64.const 2
      i64.gt_u
      br_if $l
      drop
    end))

(assert_return (invoke "table" (i32.const 0)) (i32.const 990))
(assert_return (invoke "table" (i32.const 1)) (i32.const 1030))
(assert_return (invoke "table" (i32.const 2)) (i32.const 990))
(assert_return (invoke "table" (i32.const 3)) (i32.const 1030))
(assert_return (invoke "table" (i32.const -1)) (i32.const 1030))
(assert_return (invoke "case" (i32.const 0)) (i32.const 100))
(assert_return (invoke "case" (i32.const 1)) (i32.const 101))
(assert_return (invoke "case" (i32.const 2)) (i32.const 102))
(assert_return (invoke "case" (i32.const 3)) (i32.const 103))
(assert_return (invoke "case" (i32.const 0x80000000)) (i32.const 103))
(assert_return (invoke "only-default" (i32.const 3)) (i32.const 5))
(assert_return (invoke "past" (i32.const 1)) (i32.const 3) (i32.const 4))
(assert_return (invoke "past" (i32.const 0)) (i32.const 10) (i32.const 9))
(assert_return (invoke "dead" (i32.const 6)) (i32.const 6))
(assert_return (invoke "dead-loop" (i32.const 6)) (i32.const 6))
(assert_return (invoke "arms" (i32.const 1) (i32.const 2)) (i32.const 1) (i32.const 2))
(assert_return (invoke "arms" (i32.const 1) (i32.const 0)) (i32.const 1) (i32.const 1))
(assert_return (invoke "arms" (i32.const 0) (i32.const 2)) (i32.const 8) (i32.const 9))
(assert_return (invoke "fac" (i64.const 20)) (i64.const 2432902008176640000))

(assert_invalid (module (func (result i32) (block (result i32) (br 0)))) "type mismatch")
(assert_invalid (module (func (br 1))) "unknown label")
(assert_invalid
  (module (func (block (result i32) (block (br_table 0 1 (i32.const 0))) (i32.const 0)) drop))
  "type mismatch")
