;; What must not be fused: a comparison that is kept in a local, that is before a hint, or that is not the last one.
;; run 0: 1 2 -> 1
;; run 1: 1 2 -> 1
;; run 2: 1 2 -> 3
(module
  (func (param i32 i32) (result i32) (local $t i32)
    local.get 0
    local.get 1
    i32.lt_s
    local.tee $t
    if
    end
    local.get $t)
  (func (param i32 i32) (result i32)
    local.get 0
    local.get 1
    i32.lt_s
    block (param i32)
      br_if 0
      i32.const 0
      return
    end
    i32.const 1)
  (func (param i32 i32) (result i32)
    local.get 0
    local.get 1
    i32.lt_s
    local.get 0
    local.get 1
    i32.add
    local.set 0
    if (result i32)
      local.get 0
    else
      i32.const 0
    end))
;; code
;; func0
;;     0: i32.lt_s s2 <- s0 s1
;;     2: br_if_not acc -> @4
;;     4: return1 s2
;; func1
;;     0: i32.lt_s s2 <- s0 s1
;;     2: br_if acc -> @8
;;     4: const32 s2 <- 0
;;     6: return1 acc
;;     8: const32 s2 <- 1
;;    10: return1 acc
;; func2
;;     0: i32.lt_s s2 <- s0 s1
;;     2: i32.add s0 <- s0 s1
;;     4: br_if_not s2 -> @8
;;     6: copy_br s2 <- acc -> @10
;;     8: const32 s2 <- 0
;;    10: return1 s2
