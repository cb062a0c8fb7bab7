;; A miscompilation of another engine: t(0, 5) must be 0.
;; run 0: 0 5 -> 0
(module
  (func (param i32 i32) (result i32) (local i32 i32 i32)
    local.get 0
    i32.const 65536
    local.get 4
    local.get 0
    if (param i32 i32) (result i32 i32)
      local.get 3
      local.get 1
      local.get 2
      if (param i32 i32) (result i32)
        i32.xor
      else
        i32.xor
      end
      br_table 0 0 0 0
    end
    local.get 4
    local.get 2
    local.get 1
    if (result i32 i32)
      local.get 1
      local.get 1
      loop (param i32 i32)
        local.get 0
        block (param i32)
          local.set 4
        end
        local.set 0
        local.set 0
      end
      local.get 3
      local.get 0
    else
      local.get 1
      local.get 4
    end
    drop
    drop
    i32.sub
    local.set 0
    drop
    local.set 0))
;; code
;; func0
;;     0: const32 s6 <- 65536
;;     2: copy s7 <- s4
;;     4: copy s5 <- s0
;;     6: br_if_not s0 -> @24
;;     8: copy2 s8 s9 <- s3 s1
;;    10: br_if_not s2 -> @16
;;    12: i32.xor s8 <- s8 s9
;;    14: br -> @18
;;    16: i32.xor s8 <- s8 s9
;;    18: br_table s8 0 -> @24 @24 @24 @24
;;    24: copy s8 <- s4
;;    26: copy s9 <- s2
;;    28: br_if_not s1 -> @42
;;    30: copy2 s10 s11 <- s1 s1
;;    32: copy s4 <- s0
;;    34: copy s0 <- s11
;;    36: copy s0 <- s10
;;    38: copy2 s10 s11 <- s3 s0
;;    40: br -> @44
;;    42: copy2 s10 s11 <- s1 s4
;;    44: i32.sub s0 <- s8 s9
;;    46: copy s0 <- s6
;;    48: return1 s5
