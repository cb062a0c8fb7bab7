;; local.set renames the result of the instruction before it (R7); the copies of R1 come before that instruction, also
;; where it reads the local (wasmi#948); no label lies between.
;; run 0: 4 -> 5
;; run 1: 4 -> 4 5
;; run 2: 4 -> 5 5
;; run 3: 4 1 -> 9
;; run 4: 4 -> 4 4 8
(module
  (func (param $x i32) (result i32)
    local.get $x
    i32.const 1
    i32.add
    local.set $x
    local.get $x)
  (func (param $x i32) (result i32 i32)
    local.get $x
    local.get $x
    i32.const 1
    i32.add
    local.tee $x)
  (func (param $x i32) (result i32 i32)
    local.get $x
    i32.const 1
    i32.add
    local.tee $x
    local.get $x)
  (func (param $x i32) (param $c i32) (result i32)
    block (result i32)
      i32.const 9
      local.get $c
      br_if 0
      local.get $x
      i32.add
    end
    local.set $x
    local.get $x)
  (func (param $x i32) (result i32 i32 i32)
    local.get $x
    local.get $x
    local.get $x
    local.get $x
    i32.add
    local.set $x
    local.get $x))
;; code
;; func0
;;     0: i32.add_imm s0 <- s0 1
;;     2: return1 acc
;; func1
;;     0: copy s1 <- s0
;;     2: i32.add_imm s0 <- s0 1
;;     4: return2 s1 s0
;; func2
;;     0: i32.add_imm s0 <- s0 1
;;     2: return2 s0 s0
;; func3
;;     0: br_if_not s1 -> @5
;;     2: const32_br s2 <- 9 -> @7
;;     5: i32.add_imm s2 <- s0 9
;;     7: copy s0 <- s2
;;     9: return1 acc
;; func4
;;     0: copy s2 <- s0
;;     2: copy s1 <- s0
;;     4: i32.add s0 <- s0 s0
;;     6: copy2 s3 s0 <- s0 s1
;;     8: copy2 s1 s2 <- s2 s3
;;    10: return
