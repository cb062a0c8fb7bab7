;; A v128 has two cells: both are preserved (wasmi#1821), and select keeps its operands in order (wasmi#1834).
;; run 0: 1 2 3 4 1 -> 2
;; run 0: 1 2 3 4 0 -> 2
(module
  (func (param $x v128) (param $y v128) (param $c i32) (result i64)
    local.get $x
    block
      local.get $c
      br_if 0
      local.get $y
      local.set $x
    end
    i64x2.extract_lane 1)
  (func (param $x v128) (param $y v128) (param $c i32) (result v128)
    local.get $x
    local.get $y
    local.get $c
    select)
  (func (param $a i32) (param $x v128) (param $y v128) (result v128 i32 v128)
    local.get $y
    local.get $a
    local.get $x
    i32.const 3
    local.set $a
    local.get $y
    local.set $x))
;; code
;; func0
;;     0: copy_v128 s5:2 <- s0:2
;;     2: br_if s4 -> @6
;;     4: copy_v128 s0:2 <- s2:2
;;     6: i64x2.extract_lane s5 <- s5:2 lane1
;;     8: return1 acc
;; func1
;;     0: select_v128 s5:2 <- s0:2 s2:2 s4
;;     2: copy_v128 s0:2 <- s5:2
;;     4: return
;; func2
;;     0: copy s7 <- s0
;;     2: const32 s0 <- 3
;;     4: copy_v128 s8:2 <- s1:2
;;     6: copy_v128 s1:2 <- s3:2
;;     8: copy_v128 s0:2 <- s3:2
;;    10: copy s2 <- s7
;;    12: copy_v128 s3:2 <- s8:2
;;    14: return
