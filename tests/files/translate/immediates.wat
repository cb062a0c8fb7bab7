;; Constants become immediates: on the right, by commuting, by mirroring a comparison, as the addition of a negated
;; subtrahend; others go to a slot.
;; run 0: 10 -> 13
;; run 1: 10 -> 13
;; run 2: 10 -> 7
;; run 3: 10 -> -7
;; run 4: 10 -> 100010
;; run 5: 10 -> 1
;; run 6: 2 -> 20
;; run 7: 2 -> 0
;; run 8: 10 -> 7
;; run 9: 10 -> 0x4000000a
;; run 10: 3 -> -8589934595
;; run 11: 4 -> 11
;; run 12: 4 -> 32772
(module
  (func (param i32) (result i32) (i32.add (local.get 0) (i32.const 3)))
  (func (param i32) (result i32) (i32.add (i32.const 3) (local.get 0)))
  (func (param i32) (result i32) (i32.sub (local.get 0) (i32.const 3)))
  (func (param i32) (result i32) (i32.sub (i32.const 3) (local.get 0)))
  (func (param i32) (result i32) (i32.add (local.get 0) (i32.const 100000)))
  (func (param i32) (result i32) (i32.lt_s (i32.const 3) (local.get 0)))
  (func (param i32) (result i32) (i32.shl (i32.const 5) (local.get 0)))
  (func (param i32) (result i32) (i32.lt_u (local.get 0) (i32.const 100000)) (drop) (i32.const 0))
  (func (param i64) (result i64) (i64.sub (local.get 0) (i64.const 3)))
  (func (param i64) (result i64) (i64.or (local.get 0) (i64.const 0x40000000)))
  (func (param i64) (result i64) (i64.sub (i64.const -0x200000000) (local.get 0)))
  (func (param i32) (result i32) (i32.add (i32.const 4) (i32.const 7)))
  (func (param i32) (result i32) (i32.sub (local.get 0) (i32.const -32768))))
;; code
;; func0
;;     0: i32.add_imm s1 <- s0 3
;;     2: return1 acc
;; func1
;;     0: i32.add_imm s1 <- s0 3
;;     2: return1 acc
;; func2
;;     0: i32.add_imm s1 <- s0 -3
;;     2: return1 acc
;; func3
;;     0: i32.imm_sub s1 <- 3 s0
;;     2: return1 acc
;; func4
;;     0: i32.add_imm32 s1 <- s0 100000
;;     2: return1 acc
;; func5
;;     0: i32.gt_s_imm s1 <- s0 3
;;     2: return1 acc
;; func6
;;     0: i32.imm_shl s1 <- 5 s0
;;     2: return1 acc
;; func7
;;     0: const32 acc <- 100000
;;     2: i32.lt_u s1 <- s0 acc
;;     4: const32 s1 <- 0
;;     6: return1 acc
;; func8
;;     0: i64.add_imm s1 <- s0 -3
;;     2: return1 acc
;; func9
;;     0: i64.or_imm32 s1 <- s0 1073741824
;;     2: return1 acc
;; func10
;;     0: const64 acc <- -8589934592
;;     3: i64.sub s1 <- acc s0
;;     5: return1 acc
;; func11
;;     0: const32 acc <- 4
;;     2: i32.add_imm s1 <- acc 7
;;     4: return1 acc
;; func12
;;     0: i32.add_imm32 s1 <- s0 32768
;;     2: return1 acc
