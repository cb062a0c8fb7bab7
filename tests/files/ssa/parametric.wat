(module
  (func (param i32 externref) (result externref)
    (nop)
    (drop (i32.const 1))
    (select (result externref) (local.get 1) (ref.null extern) (local.get 0))))
;; ssa
ssa func0
block0 entry @0x1a (v0: i32 local0, v1: (ref null extern) local1)
  v2: i32 = i32.const bits=0x1 @0x1b
  v3: (ref null extern) = ref.null heap=extern @0x20
  v4: (ref null extern) = select of=(ref null extern) v1 v3 v0 @0x24
  return v4 @0x27
