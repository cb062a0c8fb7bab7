;; Loops: the copy stands before the header, or a second iteration would save the new value.
;; func0 is wasmi#1218, func1 is wasmi#1749, func2 is the smallest body that a copy inside the loop breaks.
;; run 0: -> 0
;; run 1: 5 -> 5
;; run 1: -1 -> -1
;; run 2: 7 9 1 -> 7
;; run 2: 7 9 0 -> 7
(module
  (func (result i32) (local $x i32)
    i32.const 0
    local.set $x
    local.get $x
    loop $l
      local.get $x
      i32.eqz
      if
        i32.const 1
        local.set $x
        br $l
      end
    end)
  (func (param $x i32) (result i32)
    local.get $x
    loop $l (result i32)
      local.get $x
      i32.const -1
      i32.eq
      if (result i32)
        i32.const 0
      else
        i32.const -1
        local.set $x
        br $l
      end
    end
    drop)
  (func (param $x i32) (param $y i32) (param $c i32) (result i32)
    local.get $x
    loop $l
      local.get $y
      local.set $x
      local.get $c
      i32.const 0
      local.set $c
      br_if $l
    end))
;; code
;; func0
;;     0: const32 s0 <- 0
;;     2: copy s1 <- acc
;;     4: br_if s0 -> @9
;;     6: const32_br s0 <- 1 -> @4
;;     9: return1 s1
;; func1
;;     0: copy s1 <- s0
;;     2: br_i32.ne_imm s0 -1 -> @8
;;     5: const32_br s2 <- 0 -> @11
;;     8: const32_br s0 <- -1 -> @2
;;    11: return1 s1
;; func2
;;     0: copy s3 <- s0
;;     2: copy s0 <- s1
;;     4: copy s4 <- s2
;;     6: const32 s2 <- 0
;;     8: br_if s4 -> @2
;;    10: return1 s3
