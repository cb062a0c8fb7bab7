;; passes: merge
;; Labels that one jump leads to are no blocks of their own; a loop's header is.
(module (memory 1)
  (func (param i32) (result i32)
    (block (result i32)
      (i32.store (i32.const 0) (local.get 0))
      (br 0 (i32.load (i32.const 4)))))
  (func (param i32) (loop (br_if 0 (local.get 0)))))
;; ssa
ssa func0
block0 entry @0x23 (v0: i32 local0)
  v1: i32 = i32.const bits=0x0 @0x25
  i32.store memory=0 offset=0 align=2 lane=0 v1 v0 @0x29
  v2: i32 = i32.const bits=0x4 @0x2c
  v3: i32 = i32.load memory=0 offset=0 align=2 lane=0 v2 @0x2e
  jump block1(v3) @0x31
block1 label1 @0x33 (v4: i32 stack0)
  return v4 @0x34
;; becomes
ssa func0
block0 entry @0x23 (v0: i32 local0)
  v1: i32 = i32.const bits=0x0 @0x25
  i32.store memory=0 offset=0 align=2 lane=0 v1 v0 @0x29
  v2: i32 = i32.const bits=0x4 @0x2c
  v3: i32 = i32.load memory=0 offset=0 align=2 lane=0 v2 @0x2e
  return v3 @0x34
ssa func1
block0 entry @0x37 (v0: i32 local0)
  jump block1() @0x37
block1 label1 @0x37 ()
  branch v0 block1() block2() @0x3b
block2 after @0x3b ()
  return @0x3e
