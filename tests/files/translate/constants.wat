;; Constants may stay constants below a region: the hint names them. More than eight go home.
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
;;     0: br_if s0 -> @1
;;     1: const32 s1 <- 7
;;     2: return1 s1
;;   at word 0: s1 is 7
;; func1
;;     0: const32 s9 <- 9
;;     1: br_if s0 -> @2
;;     2: i32.add_imm s8 <- s9 8
;;     3: i32.add_imm s7 <- s8 7
;;     4: i32.add_imm s6 <- s7 6
;;     5: i32.add_imm s5 <- s6 5
;;     6: i32.add_imm s4 <- s5 4
;;     7: i32.add_imm s3 <- s4 3
;;     8: i32.add_imm s2 <- s3 2
;;     9: i32.add_imm s1 <- s2 1
;;    10: return1 s1
;;   at word 1: s1 is 1
;;   at word 1: s2 is 2
;;   at word 1: s3 is 3
;;   at word 1: s4 is 4
;;   at word 1: s5 is 5
;;   at word 1: s6 is 6
;;   at word 1: s7 is 7
;;   at word 1: s8 is 8
