;; settings epoch
;; A poll stands at the entry and behind each loop header.
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
;;     2: i32.add_imm_br_if s0 <- s0 -1 -> @1
;;     5: return1 acc
