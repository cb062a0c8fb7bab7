;; The parameters of a loop are in their home slots before the header, because the back edge brings others (wasmi#1904).
;; run 0: 5 -> 120
;; run 1: 3 4 -> 4 3
(module
  (func (param $n i32) (result i32)
    i32.const 1
    local.get $n
    loop $l (param i32 i32) (result i32)
      local.tee $n
      i32.mul
      local.get $n
      i32.const 1
      i32.sub
      local.tee $n
      if (param i32) (result i32)
        local.get $n
        br $l
      end
    end)
  (func (param $a i32) (param $b i32) (result i32 i32) (local $i i32)
    local.get $a
    local.get $b
    loop $l (param i32 i32) (result i32 i32)
      local.set $b
      local.set $a
      local.get $b
      local.get $a
      local.get $i
      i32.const 1
      i32.add
      local.tee $i
      i32.const 3
      i32.lt_u
      br_if $l
    end))
;; code
;; func0
;;     0: const32 s1 <- 1
;;     2: copy s2 <- s0
;;     4: copy s0 <- s2
;;     6: i32.mul s1 <- s1 s2
;;     8: i32.add_imm s0 <- s0 -1
;;    10: br_if_not acc -> @14
;;    12: copy_br s2 <- acc -> @4
;;    14: return1 s1
;; func1
;;     0: copy2 s3 s4 <- s0 s1
;;     2: copy2 s1 s0 <- s4 s3
;;     4: i32.add_imm s2 <- s2 1
;;     6: br_i32.ge_u_imm acc 3 -> @13
;;     9: copy2 s3 s4 <- s1 s0
;;    11: br -> @2
;;    13: return2 s1 s0
