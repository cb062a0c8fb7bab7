(module
  (memory 1)
  (func (param v128 i32) (result v128)
    (v128.store8_lane offset=1 3 (local.get 1) (local.get 0))
    (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31
      (v128.load16_lane 2 (local.get 1) (local.get 0))
      (i32x4.replace_lane 1 (v128.const i32x4 1 2 3 4) (local.get 1)))))
;; ssa
ssa func0
block0 entry @0x1f (v0: v128 local0, v1: i32 local1)
  v128.store8_lane memory=0 offset=1 align=0 lane=3 v1 v0 @0x23
  v2: v128 = v128.load16_lane memory=0 offset=0 align=1 lane=2 v1 v0 @0x2c
  v3: v128 = v128.const low=0x200000001 high=0x400000003 @0x31
  v4: v128 = i32x4.replace_lane lane=1 v3 v1 @0x45
  v5: v128 = i8x16.shuffle low=0x706050403020100 high=0x1f0e0d0c0b0a0908 v2 v4 @0x48
  return v5 @0x5a
