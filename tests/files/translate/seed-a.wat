;; wasmi#934, smallest case: the copy of $x stands before the branch that skips the write.
;; run 0: 1 1 -> 1
;; run 0: 7 0 -> 7
(module
  (func (param $x i32) (param $c i32) (result i32)
    local.get $x
    block
      local.get $c
      br_if 0
      i32.const 10
      local.set $x
    end))
;; code
;; func0
;;     0: copy s2 <- s0
;;     2: br_if s1 -> @6
;;     4: const32 s0 <- 10
;;     6: return1 s2
