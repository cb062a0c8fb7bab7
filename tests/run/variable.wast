;; Locals that are overwritten while their old values are on the operand stack. Each module is the smallest known form of a
;; fault that some engine once had; the comments say what was wrong.

(module
  ;; The copy of local 0 was made after the branch and so skipped.
  (func (export "skipped-copy") (param i32 i32) (result i32)
    local.get 0
    block
      local.get 1
      br_if 0
      i32.const 10
      local.set 0
    end)

  ;; Two locals, overwritten at two depths.
  (func (export "two-depths") (param i32 i32 i32 i32) (result i32 i32)
    local.get 0
    local.get 1
    block
      local.get 2
      br_if 0
      i32.const 10
      local.set 0
      block
        local.get 3
        br_if 1
        i32.const 20
        local.set 1
      end
    end)

  ;; The pattern of ffmpeg: the first operand of the select is the old local.
  (func (export "select") (param i32 i32) (result i32)
    local.get 0
    block (result i32)
      i32.const 7
      local.get 1
      br_if 0
      drop
      i32.const 100
      local.set 0
      i32.const 8
    end
    local.get 0
    i32.const 50
    i32.lt_s
    local.tee 0
    select)

  ;; A loop below which a value lies: a copy inside the loop would be made again at the second turn.
  (func (export "loop-below") (param i32 i32 i32) (result i32)
    local.get 0
    loop
      local.get 1
      local.set 0
      local.get 2
      i32.const 0
      local.set 2
      br_if 0
    end)
  (func (export "loop-if") (param i32) (result i32)
    i32.const 0
    local.set 0
    local.get 0
    loop $l
      local.get 0
      i32.eqz
      if
        i32.const 1
        local.set 0
        br $l
      end
    end)
  (func (export "loop-result") (param i32) (result i32)
    local.get 0
    loop $l (result i32)
      local.get 0
      i32.const -1
      i32.eq
      if (result i32)
        i32.const 0
      else
        i32.const -1
        local.set 0
        br $l
      end
    end
    drop)

  ;; Two copies in a row, the second into the first one's place.
  (func (export "twice") (param i32 i32) (result i32)
    i32.const 10
    local.set 0
    i32.const 20
    local.set 1
    local.get 1
    local.get 0
    local.set 0
    i32.const 10
    local.tee 1
    i32.add)
  (func (export "tee-of-itself") (param i32) (result i32)
    local.get 0
    local.get 0
    local.tee 0
    drop)
  (func (export "then-added") (param i32) (result i32)
    local.get 0
    i32.const 1
    local.set 0
    i32.const 0
    i32.add)
  (func (export "reinterpreted") (param f32) (result i32)
    local.get 0
    f32.const 0
    local.set 0
    i32.reinterpret_f32)
  (func (export "tee-in-blocks") (param i32) (result i32 i32)
    local.get 0
    local.get 0
    block (param i32 i32) (result i32 i32)
      local.tee 0
      block (param i32 i32) (result i32 i32)
        local.get 0
        local.get 0
        br 2
      end
    end)

  ;; Consecutive copies that may not be merged into one.
  (global $g i32 (i32.const 42))
  (func (export "merged") (param i32 i32 i32 i32) (result i32)
    global.get $g
    local.get 3
    local.set 1
    local.tee 2
    local.tee 0)

  ;; A value that is neither a local's nor a constant must outlive an if.
  (global $h (mut i32) (i32.const 7))
  (func (export "global-below-if") (param i32) (result i32)
    global.get $h
    local.get 0
    if
      global.get $g
      drop
    end)

  ;; Results of branches that are permutations of locals.
  (func (export "swap") (param i32 i32) (result i32 i32)
    local.get 1
    local.get 0)
  (func (export "rotate") (param i32 i32 i32 i32) (result i32 i32 i32)
    local.get 1
    local.get 2
    local.get 0
    local.get 3
    br_if 0
    drop
    drop
    drop
    local.get 2
    local.get 0
    local.get 1)
  (func (export "loop-swap") (param i32 i32 i32) (result i32 i32)
    local.get 0
    local.get 1
    loop (param i32 i32) (result i32 i32)
      local.set 0
      local.set 1
      local.get 0
      local.get 1
      local.get 2
      i32.const -1
      i32.add
      local.tee 2
      br_if 0
    end))

(assert_return (invoke "skipped-copy" (i32.const 1) (i32.const 0)) (i32.const 1))
(assert_return (invoke "skipped-copy" (i32.const 1) (i32.const 1)) (i32.const 1))
(assert_return (invoke "skipped-copy" (i32.const -1) (i32.const 5)) (i32.const -1))
(assert_return (invoke "two-depths" (i32.const 3) (i32.const 4) (i32.const 0) (i32.const 0)) (i32.const 3) (i32.const 4))
(assert_return (invoke "two-depths" (i32.const 3) (i32.const 4) (i32.const 1) (i32.const 0)) (i32.const 3) (i32.const 4))
(assert_return (invoke "two-depths" (i32.const 3) (i32.const 4) (i32.const 0) (i32.const 5)) (i32.const 3) (i32.const 4))
(assert_return (invoke "select" (i32.const 1) (i32.const 0)) (i32.const 8))
(assert_return (invoke "select" (i32.const 1) (i32.const 1)) (i32.const 1))
(assert_return (invoke "select" (i32.const 60) (i32.const 1)) (i32.const 7))
(assert_return (invoke "loop-below" (i32.const 7) (i32.const 9) (i32.const 1)) (i32.const 7))
(assert_return (invoke "loop-below" (i32.const 7) (i32.const 9) (i32.const 0)) (i32.const 7))
(assert_return (invoke "loop-if" (i32.const 5)) (i32.const 0))
(assert_return (invoke "loop-result" (i32.const 7)) (i32.const 7))
(assert_return (invoke "loop-result" (i32.const -1)) (i32.const -1))
(assert_return (invoke "twice" (i32.const 0) (i32.const 0)) (i32.const 30))
(assert_return (invoke "tee-of-itself" (i32.const 9)) (i32.const 9))
(assert_return (invoke "then-added" (i32.const 9)) (i32.const 9))
(assert_return (invoke "reinterpreted" (f32.const 1)) (i32.const 0x3f800000))
(assert_return (invoke "tee-in-blocks" (i32.const 5)) (i32.const 5) (i32.const 5))
(assert_return (invoke "merged" (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4)) (i32.const 42))
(assert_return (invoke "global-below-if" (i32.const 0)) (i32.const 7))
(assert_return (invoke "global-below-if" (i32.const 1)) (i32.const 7))
(assert_return (invoke "swap" (i32.const 1) (i32.const 2)) (i32.const 2) (i32.const 1))
(assert_return (invoke "rotate" (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 1))
  (i32.const 2) (i32.const 3) (i32.const 1))
(assert_return (invoke "rotate" (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 0))
  (i32.const 3) (i32.const 1) (i32.const 2))
(assert_return (invoke "loop-swap" (i32.const 1) (i32.const 2) (i32.const 1)) (i32.const 2) (i32.const 1))
(assert_return (invoke "loop-swap" (i32.const 1) (i32.const 2) (i32.const 2)) (i32.const 1) (i32.const 2))

;; Two functions that another engine's newest release executes wrongly.
(module
  (func (export "br-table-if") (param i32 i32) (result i32) (local i32 i32 i32)
    local.get 0
    i32.const 65536
    local.get 4
    local.get 0
    if (param i32 i32) (result i32 i32)
      local.get 3
      local.get 1
      local.get 2
      if (param i32 i32) (result i32)
        i32.xor
      else
        i32.xor
      end
      br_table 0 0 0 0
    end
    local.get 4
    local.get 2
    local.get 1
    if (result i32 i32)
      local.get 1
      local.get 1
      loop (param i32 i32)
        local.get 0
        block (param i32)
          local.set 4
        end
        local.set 0
        local.set 0
      end
      local.get 3
      local.get 0
    else
      local.get 1
      local.get 4
    end
    drop
    drop
    i32.sub
    local.set 0
    drop
    local.set 0)
  (func (export "if-result-tee") (param i32) (result i32)
    local.get 0
    local.get 0
    i32.const 1
    i32.and
    if (param i32) (result i32)
      local.get 0
      if (result i32)
        local.get 0
      else
        local.get 0
      end
      local.tee 0
      drop
    end))

(assert_return (invoke "br-table-if" (i32.const 0) (i32.const 5)) (i32.const 0))
(assert_return (invoke "br-table-if" (i32.const 0) (i32.const 0)) (i32.const 0))
(assert_return (invoke "br-table-if" (i32.const 3) (i32.const 5)) (i32.const 3))
(assert_return (invoke "if-result-tee" (i32.const 2)) (i32.const 2))
(assert_return (invoke "if-result-tee" (i32.const 3)) (i32.const 3))
(assert_return (invoke "if-result-tee" (i32.const 0)) (i32.const 0))

(assert_invalid (module (func (local i32) (local.set 1 (i32.const 0)))) "unknown local")
(assert_invalid (module (func (local i64) (local.set 0 (i32.const 0)))) "type mismatch")
