;; Two copies become one instruction only if the second does not read what the first writes (wasmi#1779).
;; run 0: 1 2 3 4 -> 4 0 0
;; run 1: 1 2 3 -> 2 3
(module
  (global $g (mut i32) (i32.const 0))
  (func (param i32 i32 i32 i32) (result i32 i32 i32)
    global.get $g
    local.get 3
    local.set 1
    local.tee 2
    local.set 0
    local.get 1
    local.get 0
    local.get 2)
  (func (param $a i32) (param $b i32) (param $c i32) (result i32 i32)
    local.get $b
    local.set $a
    local.get $c
    local.set $b
    local.get $a
    local.get $b))
;; code
;; func0
;;     0: global.get s4 <- global0
;;     2: copy2 s1 s2 <- s3 s4
;;     4: copy s0 <- s4
;;     6: copy2 s5 s0 <- s0 s1
;;     8: copy s1 <- s5
;;    10: return
;; func1
;;     0: copy2 s0 s1 <- s1 s2
;;     2: return2 s0 s1
