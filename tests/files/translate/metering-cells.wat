;; settings fuel
;; A body pays for eight cells of its locals and results at its first operator, a branch for eight that it takes along.
;; run 0: 1 -> 1 2 3 4 5 6 7 8
;; run 0: 0 -> 1 2 3 4 5 6 7 8
;; run 1: 2 -> 2
(module
  (type $eight (func (result i64 i64 i64 i64 i64 i64 i64 i64)))
  (func (param i32) (result i64 i64 i64 i64 i64 i64 i64 i64)
    i64.const 9
    block (type $eight)
      i64.const 1
      i64.const 2
      i64.const 3
      i64.const 4
      i64.const 5
      i64.const 6
      i64.const 7
      i64.const 8
      local.get 0
      br_if 1
    end
    br 0)
  (func (param i32) (result i32) (local i64 i64 i64 i64 i64 i64)
    local.get 0))
;; code
;; func0
;;     0: charge 13
;;     2: const64_s32 s1 <- 9
;;     3: br_if_not s0 -> @13
;;     4: const64_s32 s0 <- 1
;;     5: const64_s32 s1 <- 2
;;     6: const64_s32 s2 <- 3
;;     7: const64_s32 s3 <- 4
;;     8: const64_s32 s4 <- 5
;;     9: const64_s32 s5 <- 6
;;    10: const64_s32 s6 <- 7
;;    11: const64_s32 s7 <- 8
;;    12: return
;;    13: charge 2
;;    15: const64_s32 s0 <- 1
;;    16: const64_s32 s1 <- 2
;;    17: const64_s32 s2 <- 3
;;    18: const64_s32 s3 <- 4
;;    19: const64_s32 s4 <- 5
;;    20: const64_s32 s5 <- 6
;;    21: const64_s32 s6 <- 7
;;    22: const64_s32 s7 <- 8
;;    23: return
;; func1
;;     0: charge 2
;;     2: return1 s0
