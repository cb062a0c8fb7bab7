;; passes: params fold thread merge gvn forward fold dead params
;; All passes in their order.
(module (memory 1)
  (func (param $p i32) (result i32) (local $i i32) (local $sum i32)
    (loop $top
      (i32.store offset=4 (local.get $p) (local.get $i))
      (local.set $sum (i32.add (local.get $sum) (i32.load offset=4 (local.get $p))))
      (if (i32.lt_u (i32.const 1) (i32.const 2))
        (then (local.set $i (i32.add (local.get $i) (i32.const 1)))))
      (br_if $top (i32.lt_s (local.get $i) (i32.const 10))))
    (local.get $sum)))
;; ssa
ssa func0
block0 entry @0x20 (v0: i32 local0)
  v1: i32 = i32.const bits=0x0 @0x20
  jump block1(v1, v1) @0x20
block1 label1 @0x20 (v2: i32 local1, v3: i32 local2)
  i32.store memory=0 offset=4 align=2 lane=0 v0 v2 @0x26
  v4: i32 = i32.load memory=0 offset=4 align=2 lane=0 v0 @0x2d
  v5: i32 = i32.add v3 v4 @0x30
  v6: i32 = i32.const bits=0x1 @0x33
  v7: i32 = i32.const bits=0x2 @0x35
  v8: i32 = i32.lt_u v6 v7 @0x37
  branch v8 block2() block3(v2) @0x38
block2 then2 @0x38 ()
  v9: i32 = i32.const bits=0x1 @0x3c
  v10: i32 = i32.add v2 v9 @0x3e
  jump block3(v10) @0x41
block3 label2 @0x41 (v11: i32 local1)
  v12: i32 = i32.const bits=0xa @0x44
  v13: i32 = i32.lt_s v11 v12 @0x46
  branch v13 block1(v11, v5) block4() @0x47
block4 after @0x47 ()
  return v5 @0x4c
;; becomes
ssa func0
block0 entry @0x20 (v0: i32 local0)
  v1: i32 = i32.const bits=0x0 @0x20
  jump block1(v1, v1) @0x20
block1 label1 @0x20 (v2: i32 local1, v3: i32 local2)
  i32.store memory=0 offset=4 align=2 lane=0 v0 v2 @0x26
  v4: i32 = i32.add v3 v2 @0x30
  v5: i32 = i32.const bits=0x1 @0x3c
  v6: i32 = i32.add v2 v5 @0x3e
  v7: i32 = i32.const bits=0xa @0x44
  v8: i32 = i32.lt_s v6 v7 @0x46
  branch v8 block1(v6, v4) block2() @0x47
block2 after @0x47 ()
  return v4 @0x4c
