;; Results move to the slots of the first locals; a result that is a local already overwritten is saved first.
;; run 0: 1 2 -> 2 1
;; run 1: 1 2 3 -> 3 1 2
;; run 2: 1 2 -> 7 1
;; run 3: 1 2 1 -> 2 1
;; run 3: 1 2 0 -> 1 2
;; run 4: 5 6 -> 5 6
(module
  (func (param i32 i32) (result i32 i32)
    local.get 1
    local.get 0)
  (func (param i32 i32 i32) (result i32 i32 i32)
    local.get 2
    local.get 0
    local.get 1)
  (func (param i32 i32) (result i32 i32)
    i32.const 7
    local.get 0
    return)
  (func (param i32 i32 i32) (result i32 i32)
    local.get 1
    local.get 0
    local.get 2
    br_if 0
    drop
    drop
    local.get 0
    local.get 1)
  (func (param i32 i32) (result i32 i32)
    local.get 0
    local.get 1))
;; code
;; func0
;;     0: return2 s1 s0
;; func1
;;     0: copy2 s4 s5 <- s0 s1
;;     2: copy2 s0 s1 <- s2 s4
;;     4: copy s2 <- s5
;;     6: return
;; func2
;;     0: const32 s2 <- 7
;;     2: return2 s2 s0
;; func3
;;     0: br_if_not s2 -> @4
;;     2: return2 s1 s0
;;     4: return2 s0 s1
;; func4
;;     0: return2 s0 s1
