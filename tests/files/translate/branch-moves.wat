;; A conditional branch with moves is inverted around them: their destinations are live where it is not taken.
;; run 0: 3 1 -> 9
;; run 0: 3 0 -> 8
;; run 1: 3 1 -> 3
;; run 1: 3 0 -> 5
;; run 2: 6 -> 6 1 2
(module
  (func (param $x i32) (param $c i32) (result i32)
    i32.const 5
    block (result i32)
      local.get $x
      i32.const 4
      i32.const 9
      local.get $c
      br_if 1
      drop
      drop
    end
    i32.add)
  (func (param $x i32) (param $c i32) (result i32)
    block (result i32)
      local.get $x
      local.get $c
      br_if 0
      drop
      i32.const 5
    end)
  (func (param $x i32) (result i32 i32 i32)
    block (result i32 i32 i32)
      i32.const 9
      i32.const 8
      local.get $x
      i32.const 1
      i32.const 2
      br 0
    end))
;; code
;; func0
;;     0: const32 s2 <- 5
;;     2: br_if_not s1 -> @8
;;     4: const32 s5 <- 9
;;     6: return1 acc
;;     8: i32.add s2 <- s2 s0
;;    10: return1 acc
;; func1
;;     0: br_if_not s1 -> @4
;;     2: copy_br s2 <- s0 -> @6
;;     4: const32 s2 <- 5
;;     6: return1 s2
;; func2
;;     0: copy s1 <- s0
;;     2: const32 s2 <- 1
;;     4: const32_br s3 <- 2 -> @7
;;     7: copy2 s0 s1 <- s1 s2
;;     9: copy s2 <- s3
;;    11: return
