;; The comparison before a br_if or if becomes part of the branch; an if branches on the inverse.
;; run 0: 1 2 -> 1
;; run 0: 2 1 -> 0
;; run 1: 5 -> 1
;; run 1: 6 -> 0
;; run 2: 100000 -> 1
;; run 2: 99999 -> 0
;; run 3: 0 -> 1
;; run 3: 4 -> 0
;; run 4: 2 -> 0
;; run 4: 4 -> 1
;; run 5: 0 -> 1
;; run 5: 0x100000000 -> 0
;; run 6: 1 2 -> 0
;; run 6: 2 2 -> 1
;; run 7: 5 -> 1
;; run 7: 7 -> 0
;; run 8: 5 -> 0
;; run 8: 3000000001 -> 1
(module
  (func (param i32 i32) (result i32)
    block
      local.get 0
      local.get 1
      i32.lt_s
      br_if 0
      i32.const 0
      return
    end
    i32.const 1)
  (func (param i32) (result i32)
    local.get 0
    i32.const 5
    i32.eq
    if (result i32)
      i32.const 1
    else
      i32.const 0
    end)
  (func (param i32) (result i32)
    local.get 0
    i32.const 100000
    i32.ge_u
    if (result i32)
      i32.const 1
    else
      i32.const 0
    end)
  (func (param i32) (result i32)
    local.get 0
    i32.eqz
    if (result i32)
      i32.const 1
    else
      i32.const 0
    end)
  (func (param i32) (result i32)
    local.get 0
    i32.const 4
    i32.and
    if (result i32)
      i32.const 1
    else
      i32.const 0
    end)
  (func (param i64) (result i32)
    local.get 0
    i64.eqz
    if (result i32)
      i32.const 1
    else
      i32.const 0
    end)
  (func (param i32 i32) (result i32)
    local.get 0
    local.get 1
    i32.lt_u
    i32.eqz
    if (result i32)
      i32.const 1
    else
      i32.const 0
    end)
  (func (param $x i32) (result i32) (local $k i32)
    i32.const 6
    local.set $k
    local.get $x
    local.get $k
    i32.lt_s
    if (result i32)
      i32.const 1
    else
      i32.const 0
    end)
  (func (param i64) (result i32)
    local.get 0
    i64.const 3000000000
    i64.gt_u
    if (result i32)
      i32.const 1
    else
      i32.const 0
    end))
;; code
;; func0
;;     0: br_i32.lt_s s0 s1 -> @6
;;     2: const32 s2 <- 0
;;     4: return1 acc
;;     6: const32 s2 <- 1
;;     8: return1 acc
;; func1
;;     0: br_i32.ne_imm s0 5 -> @6
;;     3: const32_br s1 <- 1 -> @8
;;     6: const32 s1 <- 0
;;     8: return1 s1
;; func2
;;     0: br_i32.lt_u_imm s0 100000 -> @6
;;     3: const32_br s1 <- 1 -> @8
;;     6: const32 s1 <- 0
;;     8: return1 s1
;; func3
;;     0: br_if s0 -> @5
;;     2: const32_br s1 <- 1 -> @7
;;     5: const32 s1 <- 0
;;     7: return1 s1
;; func4
;;     0: br_i32.and_not_imm s0 4 -> @6
;;     3: const32_br s1 <- 1 -> @8
;;     6: const32 s1 <- 0
;;     8: return1 s1
;; func5
;;     0: br_i64.ne_imm s0 0 -> @6
;;     3: const32_br s1 <- 1 -> @8
;;     6: const32 s1 <- 0
;;     8: return1 s1
;; func6
;;     0: br_i32.lt_u s0 s1 -> @5
;;     2: const32_br s2 <- 1 -> @7
;;     5: const32 s2 <- 0
;;     7: return1 s2
;; func7
;;     0: const32 s1 <- 6
;;     2: br_i32.ge_s s0 acc -> @7
;;     4: const32_br s2 <- 1 -> @9
;;     7: const32 s2 <- 0
;;     9: return1 s2
;; func8
;;     0: br_i64.le_u_imm64 s0 3000000000 -> @7
;;     4: const32_br s1 <- 1 -> @9
;;     7: const32 s1 <- 0
;;     9: return1 s1
