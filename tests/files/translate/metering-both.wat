;; settings both
;; Where both are due, the poll comes before the charge.
;; run 0: 3 -> 0
(module
  (func (param i32) (result i32)
    loop
      local.get 0
      i32.const 1
      i32.sub
      local.tee 0
      br_if 0
    end
    local.get 0))
;; code
;; func0
;;     0: poll
;;     1: poll
;;     2: charge 5
;;     4: i32.add_imm_br_if s0 <- s0 -1 -> @1
;;     7: charge 1
;;     9: return1 acc
