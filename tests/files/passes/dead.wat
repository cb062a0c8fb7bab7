;; passes: dead
;; What nothing reads goes, but for what may trap; so do parameters, and blocks without a way in.
(module (memory 1) (global $g (mut i32) (i32.const 0))
  (func (param i32) (drop (i32.add (local.get 0) (i32.const 1))) (drop (global.get $g)))
  (func (param i32) (drop (i32.load (local.get 0))))
  (func (param i32)
    (drop (i32.div_u (local.get 0) (i32.const 3))) (drop (i32.div_u (i32.const 3) (local.get 0))))
  (func (param i32 i32) (local i32)
    (loop $top
      (local.set 2 (i32.add (local.get 2) (local.get 1)))
      (br_if $top (local.get 0)))))
;; ssa
ssa func0
block0 entry @0x2d (v0: i32 local0)
  v1: i32 = i32.const bits=0x1 @0x2f
  v2: i32 = i32.add v0 v1 @0x31
  v3: i32 = global.get global=0 @0x33
  return @0x36
;; becomes
ssa func0
block0 entry @0x2d (v0: i32 local0)
  return @0x36
ssa func1
block0 entry @0x39 (v0: i32 local0)
  v1: i32 = i32.load memory=0 offset=0 align=2 lane=0 v0 @0x3b
  return @0x3f
ssa func2
block0 entry @0x42 (v0: i32 local0)
  v1: i32 = i32.const bits=0x3 @0x44
  v2: i32 = i32.div_u v0 v1 @0x46
  v3: i32 = i32.const bits=0x3 @0x48
  v4: i32 = i32.div_u v3 v0 @0x4c
  return @0x4e
;; becomes
ssa func2
block0 entry @0x42 (v0: i32 local0)
  v1: i32 = i32.const bits=0x3 @0x48
  v2: i32 = i32.div_u v1 v0 @0x4c
  return @0x4e
ssa func3
block0 entry @0x53 (v0: i32 local0, v1: i32 local1)
  v2: i32 = i32.const bits=0x0 @0x53
  jump block1(v2) @0x53
block1 label1 @0x53 (v3: i32 local2)
  v4: i32 = i32.add v3 v1 @0x59
  branch v0 block1(v4) block2() @0x5e
block2 after @0x5e ()
  return @0x61
;; becomes
ssa func3
block0 entry @0x53 (v0: i32 local0, v1: i32 local1)
  jump block1() @0x53
block1 label1 @0x53 ()
  branch v0 block1() block2() @0x5e
block2 after @0x5e ()
  return @0x61
