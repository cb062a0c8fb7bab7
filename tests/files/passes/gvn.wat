;; passes: gvn
;; Equal operators on equal operands become the first on every way there; behind a division an equal
;; one cannot trap. Loads, and what is made in one arm only, stay.
(module (memory 1)
  (func (param i32 i32) (result i32)
    (i32.mul (i32.add (local.get 0) (local.get 1)) (i32.add (local.get 1) (local.get 0))))
  (func (param i32 i32) (result i32)
    (i32.sub (i32.div_u (local.get 0) (local.get 1)) (i32.div_u (local.get 0) (local.get 1))))
  (func (param i32) (result i32)
    (i32.add (i32.load (local.get 0)) (i32.load (local.get 0))))
  (func (param i32 i32) (result i32)
    (if (local.get 1) (then (i32.store (i32.mul (local.get 0) (local.get 0)) (i32.const 1))))
    (i32.mul (local.get 0) (local.get 0))))
;; ssa
ssa func0
block0 entry @0x27 (v0: i32 local0, v1: i32 local1)
  v2: i32 = i32.add v0 v1 @0x2b
  v3: i32 = i32.add v1 v0 @0x30
  v4: i32 = i32.mul v2 v3 @0x31
  return v4 @0x32
;; becomes
ssa func0
block0 entry @0x27 (v0: i32 local0, v1: i32 local1)
  v2: i32 = i32.add v0 v1 @0x2b
  v3: i32 = i32.mul v2 v2 @0x31
  return v3 @0x32
ssa func1
block0 entry @0x35 (v0: i32 local0, v1: i32 local1)
  v2: i32 = i32.div_u v0 v1 @0x39
  v3: i32 = i32.div_u v0 v1 @0x3e
  v4: i32 = i32.sub v2 v3 @0x3f
  return v4 @0x40
;; becomes
ssa func1
block0 entry @0x35 (v0: i32 local0, v1: i32 local1)
  v2: i32 = i32.div_u v0 v1 @0x39
  v3: i32 = i32.sub v2 v2 @0x3f
  return v3 @0x40
ssa func2
block0 entry @0x43 (v0: i32 local0)
  v1: i32 = i32.load memory=0 offset=0 align=2 lane=0 v0 @0x45
  v2: i32 = i32.load memory=0 offset=0 align=2 lane=0 v0 @0x4a
  v3: i32 = i32.add v1 v2 @0x4d
  return v3 @0x4e
ssa func3
block0 entry @0x51 (v0: i32 local0, v1: i32 local1)
  branch v1 block1() block2() @0x53
block1 then1 @0x53 ()
  v2: i32 = i32.mul v0 v0 @0x59
  v3: i32 = i32.const bits=0x1 @0x5a
  i32.store memory=0 offset=0 align=2 lane=0 v2 v3 @0x5c
  jump block2() @0x5f
block2 label1 @0x5f ()
  v4: i32 = i32.mul v0 v0 @0x64
  return v4 @0x65
