(module
  (memory 1)
  (func (param $n i32) (result i32) (local $i i32) (local $s i32)
    (block $out
      (loop $l
        (br_if $out (i32.ge_u (local.get $i) (local.get $n)))
        (local.set $s (i32.add (local.get $s) (i32.load (local.get $i))))
        (local.set $i (i32.add (local.get $i) (i32.const 4)))
        (br $l)))
    (local.get $s)))
;; ssa
ssa func0
block0 entry @0x20 (v0: i32 local0)
  v1: i32 = i32.const bits=0x0 @0x20
  jump block1(v1, v1) @0x22
block1 label2 @0x22 (v2: i32 local1, v3: i32 local2)
  v4: i32 = i32.ge_u v2 v0 @0x28
  branch v4 block3() block2() @0x29
block2 after @0x29 ()
  v5: i32 = i32.load memory=0 offset=0 align=2 lane=0 v2 @0x2f
  v6: i32 = i32.add v3 v5 @0x32
  v7: i32 = i32.const bits=0x4 @0x37
  v8: i32 = i32.add v2 v7 @0x39
  jump block1(v8, v6) @0x3c
block3 label1 @0x3f ()
  return v3 @0x42
;; becomes
ssa func0
block0 entry @0x20 (v0: i32 local0)
  v1: i32 = i32.const bits=0x0 @0x20
  jump block1(v1, v1) @0x22
block1 label2 @0x22 (v2: i32 local1, v3: i32 local2)
  v4: i32 = i32.lt_u v2 v0 @0x28
  branch v4 block2(v2, v3) block4(v3) @0x29
block2 after @0x29 (v5: i32, v6: i32)
  v7: i32 = i32.load memory=0 offset=0 align=2 lane=0 v5 @0x2f
  v8: i32 = i32.add v6 v7 @0x32
  v9: i32 = i32.const bits=0x4 @0x37
  v10: i32 = i32.add v5 v9 @0x39
  jump block3(v10, v8) @0x3c
block3 label2 @0x22 (v11: i32 local1, v12: i32 local2)
  v13: i32 = i32.lt_u v11 v0 @0x28
  branch v13 block2(v11, v12) block4(v12) @0x29
block4 label1 @0x3f (v14: i32)
  return v14 @0x42
