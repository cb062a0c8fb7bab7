;; passes: forward
;; What a block has stored, loaded, written or read it knows, until something may have changed it.
(module (import "m" "a" (global $a (mut i32))) (import "m" "b" (global $b (mut i32)))
  (memory 1) (global $g (mut i32) (i32.const 0))
  (func (param i32 i32) (result i32)
    (i32.store offset=4 (local.get 0) (local.get 1))
    (i32.store offset=8 (local.get 0) (i32.const 1))
    (i32.load offset=4 (local.get 0)))
  (func (param i32 i32) (result i32)
    (i32.store offset=4 (local.get 0) (local.get 1))
    (i32.store8 offset=7 (local.get 0) (i32.const 1))
    (i32.load offset=4 (local.get 0)))
  (func (param i32 i32) (result i32)
    (i32.store (local.get 0) (i32.const 7))
    (i32.store (local.get 1) (i32.const 8))
    (i32.load (local.get 0)))
  (func (param i32) (result i32)
    (i32.add (i32.load8_s (local.get 0)) (i32.load8_s (local.get 0))))
  (func (param i32) (result i32)
    (global.set $g (local.get 0)) (global.set $a (i32.const 1)) (global.get $g))
  (func (param i32) (result i32)
    (global.set $a (local.get 0)) (global.set $b (i32.const 1)) (global.get $a)))
;; ssa
ssa func0
block0 entry @0x42 (v0: i32 local0, v1: i32 local1)
  i32.store memory=0 offset=4 align=2 lane=0 v0 v1 @0x46
  v2: i32 = i32.const bits=0x1 @0x4b
  i32.store memory=0 offset=8 align=2 lane=0 v0 v2 @0x4d
  v3: i32 = i32.load memory=0 offset=4 align=2 lane=0 v0 @0x52
  return v3 @0x55
;; becomes
ssa func0
block0 entry @0x42 (v0: i32 local0, v1: i32 local1)
  i32.store memory=0 offset=4 align=2 lane=0 v0 v1 @0x46
  v2: i32 = i32.const bits=0x1 @0x4b
  i32.store memory=0 offset=8 align=2 lane=0 v0 v2 @0x4d
  return v1 @0x55
ssa func1
block0 entry @0x58 (v0: i32 local0, v1: i32 local1)
  i32.store memory=0 offset=4 align=2 lane=0 v0 v1 @0x5c
  v2: i32 = i32.const bits=0x1 @0x61
  i32.store8 memory=0 offset=7 align=0 lane=0 v0 v2 @0x63
  v3: i32 = i32.load memory=0 offset=4 align=2 lane=0 v0 @0x68
  return v3 @0x6b
ssa func2
block0 entry @0x6e (v0: i32 local0, v1: i32 local1)
  v2: i32 = i32.const bits=0x7 @0x70
  i32.store memory=0 offset=0 align=2 lane=0 v0 v2 @0x72
  v3: i32 = i32.const bits=0x8 @0x77
  i32.store memory=0 offset=0 align=2 lane=0 v1 v3 @0x79
  v4: i32 = i32.load memory=0 offset=0 align=2 lane=0 v0 @0x7e
  return v4 @0x81
ssa func3
block0 entry @0x84 (v0: i32 local0)
  v1: i32 = i32.load8_s memory=0 offset=0 align=0 lane=0 v0 @0x86
  v2: i32 = i32.load8_s memory=0 offset=0 align=0 lane=0 v0 @0x8b
  v3: i32 = i32.add v1 v2 @0x8e
  return v3 @0x8f
;; becomes
ssa func3
block0 entry @0x84 (v0: i32 local0)
  v1: i32 = i32.load8_s memory=0 offset=0 align=0 lane=0 v0 @0x86
  v2: i32 = i32.add v1 v1 @0x8e
  return v2 @0x8f
ssa func4
block0 entry @0x92 (v0: i32 local0)
  global.set global=2 v0 @0x94
  v1: i32 = i32.const bits=0x1 @0x96
  global.set global=0 v1 @0x98
  v2: i32 = global.get global=2 @0x9a
  return v2 @0x9c
;; becomes
ssa func4
block0 entry @0x92 (v0: i32 local0)
  global.set global=2 v0 @0x94
  v1: i32 = i32.const bits=0x1 @0x96
  global.set global=0 v1 @0x98
  return v0 @0x9c
ssa func5
block0 entry @0x9f (v0: i32 local0)
  global.set global=0 v0 @0xa1
  v1: i32 = i32.const bits=0x1 @0xa3
  global.set global=1 v1 @0xa5
  v2: i32 = global.get global=0 @0xa7
  return v2 @0xa9
