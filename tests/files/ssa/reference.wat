(module
  (type $f (func))
  (elem declare func 0)
  (func (param (ref null $f)) (result i32)
    (drop (ref.as_non_null (local.get 0)))
    (ref.is_null (select (result funcref) (ref.func 0) (ref.null func) (i32.const 1)))))
;; ssa
ssa func0
block0 entry @0x24 (v0: (ref null 0) local0)
  v1: (ref 0) = ref.as_non_null v0 @0x26
  v2: (ref 1) = ref.func func=0 @0x28
  v3: (ref null func) = ref.null heap=func @0x2a
  v4: i32 = i32.const bits=0x1 @0x2c
  v5: (ref null func) = select of=(ref null func) v2 v3 v4 @0x2e
  v6: i32 = ref.is_null v5 @0x31
  return v6 @0x32
