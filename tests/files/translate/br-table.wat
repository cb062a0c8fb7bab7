;; Targets that want their values in the same slots share the moves before the table; others have a stub per label
;; (wasmi#1972: never into the default target's slots for all). A branch to the body's label returns.
;; run 0: 0 -> 10
;; run 0: 1 -> 20
;; run 0: 2 -> 30
;; run 0: 99 -> 30
;; run 1: 0 -> 5
;; run 1: 1 -> 105
;; run 1: 7 -> 205
;; run 2: 0 -> 6
;; run 2: 3 -> 6
;; run 3: 0 -> 1 2
;; run 3: 1 -> 1 2
(module
  (func (param i32) (result i32)
    block
      block
        block
          local.get 0
          br_table 0 1 2
        end
        i32.const 10
        return
      end
      i32.const 20
      return
    end
    i32.const 30)
  (func (param i32) (result i32)
    block (result i32)
      i32.const 100
      block (result i32)
        i32.const 100
        block (result i32)
          i32.const 5
          local.get 0
          br_table 3 1 0 0 0
        end
        i32.add
      end
      i32.add
    end)
  (func (param i32) (result i32)
    block (result i32)
      block (result i32)
        i32.const 6
        local.get 0
        br_table 0 1 0
      end
    end)
  (func (param i32) (result i32 i32)
    i32.const 9
    block (result i32 i32)
      i32.const 8
      i32.const 1
      i32.const 2
      local.get 0
      br_table 0 1 0
    end
    br 0))
;; code
;; func0
;;     0: br_table s0 0 -> @5 @9 @13
;;     5: const32 s1 <- 10
;;     7: return1 acc
;;     9: const32 s1 <- 20
;;    11: return1 acc
;;    13: const32 s1 <- 30
;;    15: return1 acc
;; func1
;;     0: const32 s1 <- 100
;;     2: const32 s2 <- 100
;;     4: br_table s0 0 -> @11 @15 @18 @18 @18
;;    11: const32 s3 <- 5
;;    13: return1 acc
;;    15: const32_br s2 <- 5 -> @23
;;    18: const32_br s3 <- 5 -> @21
;;    21: i32.add s2 <- s2 s3
;;    23: i32.add s1 <- s1 s2
;;    25: return1 acc
;; func2
;;     0: const32 s1 <- 6
;;     2: br_table s0 0 -> @7 @7 @7
;;     7: return1 s1
;; func3
;;     0: const32 s1 <- 9
;;     2: br_table s0 0 -> @7 @12 @7
;;     7: const32 s2 <- 1
;;     9: const32_br s3 <- 2 -> @18
;;    12: const32 s3 <- 1
;;    14: const32 s4 <- 2
;;    16: return2 s3 s4
;;    18: return2 s2 s3
