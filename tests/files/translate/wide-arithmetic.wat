;; An operator with two results is not renamed by the local.set that follows (wasmi#1756, #1762).
;; run 0: 1 0 2 0 -> 0xffffffffffffffff 0xffffffffffffffff
;; run 1: 0xffffffffffffffff 1 1 0 -> 2 0
(module
  (func (param $a i64) (param $b i64) (param $c i64) (param $d i64) (result i64 i64)
    (local $low i64) (local $high i64)
    local.get $a
    local.get $b
    local.get $c
    local.get $d
    i64.sub128
    local.set $high
    local.set $low
    local.get $low
    local.get $high)
  (func (param $a i64) (param $b i64) (param $c i64) (param $d i64) (result i64 i64)
    local.get $a
    local.get $b
    local.get $c
    local.get $d
    i64.add128
    local.set $a
    local.set $b
    local.get $a
    local.get $b))
;; code
;; func0
;;     0: i64.sub128 s6 s7 <- s0 s1 s2 s3
;;     3: copy2 s5 s4 <- s7 s6
;;     5: return2 s4 s5
;; func1
;;     0: i64.add128 s4 s5 <- s0 s1 s2 s3
;;     3: copy2 s0 s1 <- s5 s4
;;     5: return2 s0 s1
