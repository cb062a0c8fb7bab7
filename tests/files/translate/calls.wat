;; Arguments go to their home slots, the callee's frame begins at the first, and results come back to the same place.
;; run 1: 3 4 -> 4 3
;; run 2: 3 -> 10
;; run 3: 3 -> 3
(module
  (type $two (func (param i32 i32) (result i32 i32)))
  (table 1 funcref)
  (func $swap (type $two)
    local.get 1
    local.get 0)
  (func (param i32 i32) (result i32 i32)
    local.get 0
    local.get 1
    call $swap)
  (func (param i32) (result i32)
    i32.const 9
    local.get 0
    i32.const 1
    call $swap
    drop
    i32.add)
  (func (param i32) (result i32)
    local.get 0
    local.get 0
    i32.const 8
    call $swap
    drop
    local.set 0)
  (func (param i32) (result i32 i32)
    local.get 0
    local.get 0
    local.get 0
    i32.const 1
    i32.add
    call_indirect (type $two))
  (func (param i32) (result i32 i32)
    i32.const 7
    local.get 0
    i32.const 2
    return_call $swap)
  (func (param i32) (result i32 i32)
    local.get 0
    i32.const 2
    i32.const 0
    return_call_indirect (type $two)))
;; code
;; func0
;;     0: return2 s1 s0
;; func1
;;     0: copy2 s2 s3 <- s0 s1
;;     2: call s2.. func0
;;     4: return2 s2 s3
;; func2
;;     0: copy s2 <- s0
;;     2: const32 s3 <- 1
;;     4: call s2.. func0
;;     6: i32.add_imm s1 <- s2 9
;;     8: return1 acc
;; func3
;;     0: copy s2 <- s0
;;     2: const32 s3 <- 8
;;     4: call s2.. func0
;;     6: copy s1 <- s0
;;     8: copy s0 <- s2
;;    10: return1 s1
;; func4
;;     0: i32.add_imm s3 <- s0 1
;;     2: copy2 s1 s2 <- s0 s0
;;     4: call_indirect s1.. s3 type0 table0
;;     7: return2 s1 s2
;; func5
;;     0: copy s2 <- s0
;;     2: const32 s3 <- 2
;;     4: return_call s2.. func0
;; func6
;;     0: const32 s3 <- 0
;;     2: copy s1 <- s0
;;     4: const32 s2 <- 2
;;     6: return_call_indirect s1.. s3 type0 table0
