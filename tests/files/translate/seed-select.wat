;; The pattern of ffmpeg: the first operand of select is read before a block that writes the local on one of its paths.
;; run 0: 5 1 -> 5
;; run 0: 5 0 -> 0
;; run 0: -4 1 -> -4
(module
  (func (param $x i32) (param $c i32) (result i32)
    local.get $x
    block (result i32)
      i32.const 0
      local.get $c
      br_if 0
      drop
      i32.const 9
      local.set $x
      i32.const 0
    end
    local.get $x
    i32.const 6
    i32.lt_s
    local.tee $x
    select))
;; code
;; func0
;;     0: copy s2 <- s0
;;     2: br_if_not s1 -> @7
;;     4: const32_br s3 <- 0 -> @11
;;     7: const32 s0 <- 9
;;     9: const32 s3 <- 0
;;    11: i32.lt_s_imm s0 <- s0 6
;;    13: select s2 <- s2 s3 acc
;;    15: return1 acc
