(module
  (memory 1)
  (func (param i32) (result i32)
    (atomic.fence)
    (drop (memory.atomic.notify (local.get 0) (i32.const 1)))
    (i32.atomic.store (local.get 0) (i32.atomic.rmw.add offset=8 (local.get 0) (i32.const 1)))
    (i32.atomic.rmw8.cmpxchg_u (local.get 0) (i32.const 1) (i32.const 2))))
;; ssa
ssa func0
block0 entry @0x1e (v0: i32 local0)
  atomic.fence @0x1e
  v1: i32 = i32.const bits=0x1 @0x23
  v2: i32 = memory.atomic.notify memory=0 offset=0 align=2 lane=0 v0 v1 @0x25
  v3: i32 = i32.const bits=0x1 @0x2e
  v4: i32 = i32.atomic.rmw.add memory=0 offset=8 align=2 lane=0 v0 v3 @0x30
  i32.atomic.store memory=0 offset=0 align=2 lane=0 v0 v4 @0x34
  v5: i32 = i32.const bits=0x1 @0x3a
  v6: i32 = i32.const bits=0x2 @0x3c
  v7: i32 = i32.atomic.rmw8.cmpxchg_u memory=0 offset=0 align=0 lane=0 v0 v5 v6 @0x3e
  return v7 @0x42
