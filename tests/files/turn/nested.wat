(module
  (memory 1)
  (func (param $n i32) (param $m i32) (result i32) (local $i i32) (local $j i32) (local $k i32) (local $s i32)
    (block $out
      (loop $outer
        (local.set $k (i32.mul (local.get $i) (local.get $m)))
        (br_if $out (i32.gt_s (local.get $i) (local.get $n)))
        (local.set $j (local.get $k))
        (block $in
          (loop $inner
            (br_if $in (i32.eq (local.get $j) (local.get $m)))
            (i32.store (local.get $j) (local.get $k))
            (local.set $s (i32.add (local.get $s) (i32.load offset=8 (local.get $k))))
            (local.set $j (i32.add (local.get $j) (i32.const 4)))
            (br $inner)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $outer)))
    (i32.add (local.get $s) (local.get $k))))
;; ssa
ssa func0
block0 entry @0x21 (v0: i32 local0, v1: i32 local1)
  v2: i32 = i32.const bits=0x0 @0x21
  jump block1(v2, v2) @0x23
block1 label2 @0x23 (v3: i32 local2, v4: i32 local5)
  v5: i32 = i32.mul v3 v1 @0x29
  v6: i32 = i32.gt_s v3 v0 @0x30
  branch v6 block6() block2() @0x31
block2 after @0x31 ()
  jump block3(v5, v4) @0x39
block3 label4 @0x39 (v7: i32 local3, v8: i32 local5)
  v9: i32 = i32.eq v7 v1 @0x3f
  branch v9 block5() block4() @0x40
block4 after @0x40 ()
  i32.store memory=0 offset=0 align=2 lane=0 v7 v5 @0x46
  v10: i32 = i32.load memory=0 offset=8 align=2 lane=0 v5 @0x4d
  v11: i32 = i32.add v8 v10 @0x50
  v12: i32 = i32.const bits=0x4 @0x55
  v13: i32 = i32.add v7 v12 @0x57
  jump block3(v13, v11) @0x5a
block5 label3 @0x5d ()
  v14: i32 = i32.const bits=0x1 @0x60
  v15: i32 = i32.add v3 v14 @0x62
  jump block1(v15, v8) @0x65
block6 label1 @0x68 ()
  v16: i32 = i32.add v4 v5 @0x6d
  return v16 @0x6e
;; becomes
ssa func0
block0 entry @0x21 (v0: i32 local0, v1: i32 local1)
  v2: i32 = i32.const bits=0x0 @0x21
  jump block1(v2, v2) @0x23
block1 label2 @0x23 (v3: i32 local2, v4: i32 local5)
  v5: i32 = i32.mul v3 v1 @0x29
  v6: i32 = i32.le_s v3 v0 @0x30
  branch v6 block2(v3, v4, v5) block8(v4, v5) @0x31
block2 after @0x31 (v7: i32, v8: i32, v9: i32)
  jump block3(v9, v8) @0x39
block3 label4 @0x39 (v10: i32 local3, v11: i32 local5)
  v12: i32 = i32.ne v10 v1 @0x3f
  branch v12 block4(v10, v11) block6(v11) @0x40
block4 after @0x40 (v13: i32, v14: i32)
  i32.store memory=0 offset=0 align=2 lane=0 v13 v9 @0x46
  v15: i32 = i32.load memory=0 offset=8 align=2 lane=0 v9 @0x4d
  v16: i32 = i32.add v14 v15 @0x50
  v17: i32 = i32.const bits=0x4 @0x55
  v18: i32 = i32.add v13 v17 @0x57
  jump block5(v18, v16) @0x5a
block5 label4 @0x39 (v19: i32 local3, v20: i32 local5)
  v21: i32 = i32.ne v19 v1 @0x3f
  branch v21 block4(v19, v20) block6(v20) @0x40
block6 label3 @0x5d (v22: i32)
  v23: i32 = i32.const bits=0x1 @0x60
  v24: i32 = i32.add v7 v23 @0x62
  jump block7(v24, v22) @0x65
block7 label2 @0x23 (v25: i32 local2, v26: i32 local5)
  v27: i32 = i32.mul v25 v1 @0x29
  v28: i32 = i32.le_s v25 v0 @0x30
  branch v28 block2(v25, v26, v27) block8(v26, v27) @0x31
block8 label1 @0x68 (v29: i32, v30: i32)
  v31: i32 = i32.add v29 v30 @0x6d
  return v31 @0x6e
