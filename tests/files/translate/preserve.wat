;; A write preserves the aliases of its local and nothing else (wasmi#787, #831, #834, #838, #892).
;; run 0: 0x40490fdb -> 0x40490fdb
;; run 1: 5 -> 5
;; run 2: 5 -> 5
;; run 3: 3 -> 3 3 3 8
(module
  (func (param $x f32) (result i32)
    local.get $x
    f32.const 0
    local.set $x
    i32.reinterpret_f32)
  (func (param $x i32) (result i32)
    local.get $x
    local.get $x
    local.tee $x
    drop)
  (func (param $x i32) (result i32)
    local.get $x
    i32.const 1
    local.set $x
    i32.const 0
    i32.add)
  (func (param $x i32) (result i32 i32 i32 i32)
    local.get $x
    local.get $x
    local.get $x
    local.get $x
    i32.const 5
    i32.add
    local.tee $x))
;; code
;; func0
;;     0: copy s1 <- s0
;;     2: const32 s0 <- 0
;;     4: return1 s1
;; func1
;;     0: return1 s0
;; func2
;;     0: copy s1 <- s0
;;     2: const32 s0 <- 1
;;     4: i32.add_imm s1 <- s1 0
;;     6: return1 acc
;; func3
;;     0: copy s3 <- s0
;;     2: copy s2 <- s0
;;     4: copy s1 <- s0
;;     6: i32.add_imm s0 <- s0 5
;;     8: copy2 s4 s0 <- s0 s1
;;    10: copy2 s1 s2 <- s2 s3
;;    12: copy s3 <- s4
;;    14: return
