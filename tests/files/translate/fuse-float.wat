;; A float comparison has no inverse comparison (NaN): the branch on its failure is an op of its own.
;; run 0: 0x3f800000 0x40000000 -> 1
;; run 0: 0x40000000 0x3f800000 -> 0
;; run 0: 0x7fc00000 0x3f800000 -> 0
;; run 1: 0x7fc00000 0x3f800000 -> 1
;; run 2: 0x7fc00000 0x7fc00000 -> 1
;; run 2: 0x3f800000 0x3f800000 -> 0
(module
  (func (param f32 f32) (result i32)
    local.get 0
    local.get 1
    f32.lt
    if (result i32)
      i32.const 1
    else
      i32.const 0
    end)
  (func (param f32 f32) (result i32)
    local.get 0
    local.get 1
    f32.lt
    i32.eqz
    if (result i32)
      i32.const 1
    else
      i32.const 0
    end)
  (func (param f32 f32) (result i32)
    block
      local.get 0
      local.get 1
      f32.ne
      br_if 0
      i32.const 0
      return
    end
    i32.const 1))
;; code
;; func0
;;     0: br_f32.not_lt s0 s1 -> @5
;;     2: const32_br s2 <- 1 -> @7
;;     5: const32 s2 <- 0
;;     7: return1 s2
;; func1
;;     0: br_f32.lt s0 s1 -> @5
;;     2: const32_br s2 <- 1 -> @7
;;     5: const32 s2 <- 0
;;     7: return1 s2
;; func2
;;     0: br_f32.not_eq s0 s1 -> @6
;;     2: const32 s2 <- 0
;;     4: return1 acc
;;     6: const32 s2 <- 1
;;     8: return1 acc
