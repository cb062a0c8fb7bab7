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
;;     4: br_if_not s0 -> @23
;;     6: const64_s32 s0 <- 1
;;     8: const64_s32 s1 <- 2
;;    10: const64_s32 s2 <- 3
;;    12: const64_s32 s3 <- 4
;;    14: const64_s32 s4 <- 5
;;    16: const64_s32 s5 <- 6
;;    18: const64_s32 s6 <- 7
;;    20: const64_s32 s7 <- 8
;;    22: return
;;    23: charge 2
;;    25: const64_s32 s0 <- 1
;;    27: const64_s32 s1 <- 2
;;    29: const64_s32 s2 <- 3
;;    31: const64_s32 s3 <- 4
;;    33: const64_s32 s4 <- 5
;;    35: const64_s32 s5 <- 6
;;    37: const64_s32 s6 <- 7
;;    39: const64_s32 s7 <- 8
;;    41: return
;; func1
;;     0: charge 2
;;     2: return1 s0
