;; Constants below a region go home at its entry, like locals.
;; run 0: 1 -> 7
;; run 1: 1 -> 45
(module
  (func (param i32) (result i32)
    i32.const 7
    block
      local.get 0
      br_if 0
      nop
    end)
  (func (param i32) (result i32)
    i32.const 1
    i32.const 2
    i32.const 3
    i32.const 4
    i32.const 5
    i32.const 6
    i32.const 7
    i32.const 8
    i32.const 9
    block
      local.get 0
      br_if 0
      nop
    end
    i32.add
    i32.add
    i32.add
    i32.add
    i32.add
    i32.add
    i32.add
    i32.add))
;; code
;; func0
;;     0: const32 s1 <- 7
;;     2: br_if s0 -> @4
;;     4: return1 s1
;; func1
;;     0: const32 s1 <- 1
;;     2: const32 s2 <- 2
;;     4: const32 s3 <- 3
;;     6: const32 s4 <- 4
;;     8: const32 s5 <- 5
;;    10: const32 s6 <- 6
;;    12: const32 s7 <- 7
;;    14: const32 s8 <- 8
;;    16: const32 s9 <- 9
;;    18: br_if s0 -> @20
;;    20: i32.add acc <- s8 s9
;;    22: i32.add acc <- s7 acc
;;    24: i32.add acc <- s6 acc
;;    26: i32.add acc <- s5 acc
;;    28: i32.add acc <- s4 acc
;;    30: i32.add acc <- s3 acc
;;    32: i32.add acc <- s2 acc
;;    34: i32.add s1 <- s1 acc
;;    36: return1 acc
