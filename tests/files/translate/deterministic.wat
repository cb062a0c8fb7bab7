;; settings deterministic
;; Every float result that may be a NaN is made canonical; the canonicalize is what local.set renames.
;; run 0: 0x40000000 0x3f800000 -> 0x40400000
(module
  (func (param f32 f32) (result f32)
    local.get 0
    local.get 1
    f32.add
    local.set 0
    local.get 0)
  (func (param f64) (result f64)
    local.get 0
    f64.neg
    f64.sqrt)
  (func (param v128 v128) (result v128)
    local.get 0
    local.get 1
    f32x4.mul
    local.get 1
    f32x4.pmin))
;; code
;; func0
;;     0: f32.add s2 <- s0 s1
;;     2: f32.canonicalize s0 <- acc
;;     4: return1 s0
;; func1
;;     0: f64.neg acc <- s0
;;     2: f64.sqrt s1 <- acc
;;     4: f64.canonicalize s1 <- acc
;;     6: return1 s1
;; func2
;;     0: f32x4.mul s4:2 <- s0:2 s2:2
;;     2: f32x4.canonicalize s4:2 <- s4:2
;;     4: f32x4.pmin s4:2 <- s4:2 s2:2
;;     6: copy_v128 s0:2 <- s4:2
;;     8: return
