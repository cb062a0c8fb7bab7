(module
  (memory 1) (memory $m i64 1) (data $d "abc")
  (func (param i32 i64) (result i32)
    (i32.store16 offset=4 (local.get 0) (i32.const 7))
    (i64.store $m align=1 (local.get 1) (i64.load32_u (local.get 0)))
    (memory.copy 0 $m (local.get 0) (local.get 1) (i32.const 3))
    (memory.fill $m (local.get 1) (i32.const 0) (i64.const 2))
    (memory.init $d (local.get 0) (i32.const 0) (i32.const 3))
    (data.drop $d)
    (memory.grow (memory.size))))
;; ssa
ssa func0
block0 entry @0x24 (v0: i32 local0, v1: i64 local1)
  v2: i32 = i32.const bits=0x7 @0x26
  i32.store16 memory=0 offset=4 align=1 lane=0 v0 v2 @0x28
  v3: i64 = i64.load32_u memory=0 offset=0 align=2 lane=0 v0 @0x2f
  i64.store memory=1 offset=0 align=0 lane=0 v1 v3 @0x32
  v4: i32 = i32.const bits=0x3 @0x3a
  memory.copy memory=0 memory=1 v0 v1 v4 @0x3c
  v5: i32 = i32.const bits=0x0 @0x42
  v6: i64 = i64.const bits=0x2 @0x44
  memory.fill memory=1 v1 v5 v6 @0x46
  v7: i32 = i32.const bits=0x0 @0x4b
  v8: i32 = i32.const bits=0x3 @0x4d
  memory.init data=0 memory=0 v0 v7 v8 @0x4f
  data.drop data=0 @0x53
  v9: i32 = memory.size memory=0 @0x56
  v10: i32 = memory.grow memory=0 v9 @0x58
  return v10 @0x5a
