;; Nothing is emitted after a terminator (R8); a block that nobody branches to is no label.
;; run 0: 3 -> 3
;; run 1: 3 -> 4
(module
  (func (param i32) (result i32)
    local.get 0
    return
    i32.const 1
    if
      unreachable
    else
      br 0
    end
    drop)
  (func (param i32) (result i32)
    block (result i32)
      local.get 0
    end
    i32.const 1
    i32.add)
  (func (result i32)
    loop (result i32)
      unreachable
    end)
  (func (param i32)
    loop
      br 0
    end))
;; code
;; func0
;;     0: return1 s0
;; func1
;;     0: i32.add_imm s1 <- s0 1
;;     2: return1 acc
;; func2
;;     0: unreachable
;; func3
;;     0: br -> @0
