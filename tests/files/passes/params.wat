;; passes: params
;; A loop's parameter that each round gets as it was goes; so does one that is 7 on both ways.
(module
  (func (param i32 i32) (result i32) (local i32)
    (loop $top
      (local.set 1 (i32.add (local.get 1) (local.get 0)))
      (br_if $top (local.get 1)))
    (local.get 0))
  (func (param i32) (result i32)
    (if (result i32) (local.get 0) (then (i32.const 7)) (else (i32.const 7)))))
;; ssa
ssa func0
block0 entry @0x22 (v0: i32 local0, v1: i32 local1)
  jump block1(v1) @0x22
block1 label1 @0x22 (v2: i32 local1)
  v3: i32 = i32.add v2 v0 @0x28
  branch v3 block1(v3) block2() @0x2d
block2 after @0x2d ()
  return v0 @0x32
ssa func1
block0 entry @0x35 (v0: i32 local0)
  branch v0 block1() block2() @0x37
block1 then1 @0x37 ()
  v1: i32 = i32.const bits=0x7 @0x39
  jump block3(v1) @0x3b
block2 else1 @0x3b ()
  v2: i32 = i32.const bits=0x7 @0x3c
  jump block3(v2) @0x3e
block3 label1 @0x3e (v3: i32 stack0)
  return v3 @0x3f
;; becomes
ssa func1
block0 entry @0x35 (v0: i32 local0)
  branch v0 block1() block2() @0x37
block1 then1 @0x37 ()
  v1: i32 = i32.const bits=0x7 @0x39
  jump block3() @0x3b
block2 else1 @0x3b ()
  v2: i32 = i32.const bits=0x7 @0x3c
  jump block3() @0x3e
block3 label1 @0x3e ()
  v3: i32 = i32.const bits=0x7 @0x3e
  return v3 @0x3f
