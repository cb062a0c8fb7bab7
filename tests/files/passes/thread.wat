;; passes: thread
;; The inner `if` yields a constant that decides the outer one: its arms lead on at once.
(module
  (func (param i32) (result i32)
    (if (result i32)
      (if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.const 0)))
      (then (i32.const 10))
      (else (i32.const 20))))
  (func (param i32) (block (br_if 0 (local.get 0)))))
;; ssa
ssa func0
block0 entry @0x1e (v0: i32 local0)
  branch v0 block1() block2() @0x20
block1 then1 @0x20 ()
  v1: i32 = i32.const bits=0x1 @0x22
  jump block3(v1) @0x24
block2 else1 @0x24 ()
  v2: i32 = i32.const bits=0x0 @0x25
  jump block3(v2) @0x27
block3 label1 @0x27 (v3: i32 stack0)
  branch v3 block4() block5() @0x28
block4 then2 @0x28 ()
  v4: i32 = i32.const bits=0xa @0x2a
  jump block6(v4) @0x2c
block5 else2 @0x2c ()
  v5: i32 = i32.const bits=0x14 @0x2d
  jump block6(v5) @0x2f
block6 label2 @0x2f (v6: i32 stack0)
  return v6 @0x30
;; becomes
ssa func0
block0 entry @0x1e (v0: i32 local0)
  branch v0 block1() block2() @0x20
block1 then1 @0x20 ()
  v1: i32 = i32.const bits=0x1 @0x22
  jump block3() @0x24
block2 else1 @0x24 ()
  v2: i32 = i32.const bits=0x0 @0x25
  jump block4() @0x27
block3 then2 @0x28 ()
  v3: i32 = i32.const bits=0xa @0x2a
  jump block5(v3) @0x2c
block4 else2 @0x2c ()
  v4: i32 = i32.const bits=0x14 @0x2d
  jump block5(v4) @0x2f
block5 label2 @0x2f (v5: i32 stack0)
  return v5 @0x30
ssa func1
block0 entry @0x33 (v0: i32 local0)
  branch v0 block2() block1() @0x37
block1 after @0x37 ()
  jump block2() @0x39
block2 label1 @0x39 ()
  return @0x3a
;; becomes
ssa func1
block0 entry @0x33 (v0: i32 local0)
  jump block1() @0x37
block1 label1 @0x39 ()
  return @0x3a
