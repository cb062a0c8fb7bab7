;; A miscompilation of another engine: t(2) must be 2.
;; run 0: 2 -> 2
;; run 0: 1 -> 1
(module
  (func (param i32) (result i32)
    local.get 0
    local.get 0
    i32.const 1
    i32.and
    if (param i32) (result i32)
      local.get 0
      if (result i32)
        local.get 0
      else
        local.get 0
      end
      local.tee 0
      drop
    end))
;; code
;; func0
;;     0: copy s1 <- s0
;;     2: br_i32.and_not_imm s0 1 -> @13
;;     5: br_if_not s0 -> @9
;;     7: copy_br s2 <- s0 -> @11
;;     9: copy s2 <- s0
;;    11: copy s0 <- s2
;;    13: return1 s1
