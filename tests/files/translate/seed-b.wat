;; wasmi#934, two locals and nested blocks: two copies, both before the first branch.
;; run 0: 1 2 1 0 -> 1 2
;; run 0: 1 2 0 1 -> 1 2
;; run 0: 1 2 0 0 -> 1 2
(module
  (func (param $a i32) (param $b i32) (param $c0 i32) (param $c1 i32) (result i32 i32)
    local.get $a
    local.get $b
    block
      local.get $c0
      br_if 0
      i32.const 10
      local.set $a
      block
        local.get $c1
        br_if 1
        i32.const 20
        local.set $b
      end
    end))
;; code
;; func0
;;     0: copy s4 <- s0
;;     2: copy s5 <- s1
;;     4: br_if s2 -> @12
;;     6: const32 s0 <- 10
;;     8: br_if s3 -> @12
;;    10: const32 s1 <- 20
;;    12: return2 s4 s5
