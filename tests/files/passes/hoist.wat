;; passes: hoist
(module (memory 1) (global $o (mut i32) (i32.const 0))
  (func (param i32 i32) (local $i i32) (local $j i32)
    (loop $outer
      (local.set $j (i32.const 0))
      (loop $inner
        (global.set $o (i32.mul (i32.add (local.get 0) (i32.const 8)) (local.get 1)))
        (global.set $o (i32.mul (i32.add (local.get $i) (i32.const 8)) (local.get 1)))
        (global.set $o (i32.div_u (local.get 0) (local.get 1)))
        (if (local.get $j) (then (global.set $o (i32.sub (local.get 0) (local.get 1)))))
        (local.set $j (i32.add (local.get $j) (i32.const 1)))
        (br_if $inner (i32.lt_u (local.get $j) (local.get 1))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $outer (i32.lt_u (local.get $i) (local.get 1))))))
;; ssa
ssa func0
block0 entry @0x28 (v0: i32 local0, v1: i32 local1)
  v2: i32 = i32.const bits=0x0 @0x28
  jump block1(v2) @0x28
block1 label1 @0x28 (v3: i32 local2)
  v4: i32 = i32.const bits=0x0 @0x2a
  jump block2(v4) @0x2e
block2 label2 @0x2e (v5: i32 local3)
  v6: i32 = i32.const bits=0x8 @0x32
  v7: i32 = i32.add v0 v6 @0x34
  v8: i32 = i32.mul v7 v1 @0x37
  global.set global=0 v8 @0x38
  v9: i32 = i32.const bits=0x8 @0x3c
  v10: i32 = i32.add v3 v9 @0x3e
  v11: i32 = i32.mul v10 v1 @0x41
  global.set global=0 v11 @0x42
  v12: i32 = i32.div_u v0 v1 @0x48
  global.set global=0 v12 @0x49
  branch v5 block3() block4() @0x4d
block3 then3 @0x4d ()
  v13: i32 = i32.sub v0 v1 @0x53
  global.set global=0 v13 @0x54
  jump block4() @0x56
block4 label3 @0x56 ()
  v14: i32 = i32.const bits=0x1 @0x59
  v15: i32 = i32.add v5 v14 @0x5b
  v16: i32 = i32.lt_u v15 v1 @0x62
  branch v16 block2(v15) block5() @0x63
block5 after @0x63 ()
  v17: i32 = i32.const bits=0x1 @0x68
  v18: i32 = i32.add v3 v17 @0x6a
  v19: i32 = i32.lt_u v18 v1 @0x71
  branch v19 block1(v18) block6() @0x72
block6 after @0x72 ()
  return @0x75
;; becomes
ssa func0
block0 entry @0x28 (v0: i32 local0, v1: i32 local1)
  v2: i32 = i32.const bits=0x0 @0x28
  v3: i32 = i32.const bits=0x8 @0x32
  v4: i32 = i32.add v0 v3 @0x34
  v5: i32 = i32.mul v4 v1 @0x37
  jump block1(v2) @0x28
block1 label1 @0x28 (v6: i32 local2)
  v7: i32 = i32.const bits=0x0 @0x2a
  v8: i32 = i32.const bits=0x8 @0x3c
  v9: i32 = i32.add v6 v8 @0x3e
  v10: i32 = i32.mul v9 v1 @0x41
  jump block2(v7) @0x2e
block2 label2 @0x2e (v11: i32 local3)
  global.set global=0 v5 @0x38
  global.set global=0 v10 @0x42
  v12: i32 = i32.div_u v0 v1 @0x48
  global.set global=0 v12 @0x49
  branch v11 block3() block4() @0x4d
block3 then3 @0x4d ()
  v13: i32 = i32.sub v0 v1 @0x53
  global.set global=0 v13 @0x54
  jump block4() @0x56
block4 label3 @0x56 ()
  v14: i32 = i32.const bits=0x1 @0x59
  v15: i32 = i32.add v11 v14 @0x5b
  v16: i32 = i32.lt_u v15 v1 @0x62
  branch v16 block2(v15) block5() @0x63
block5 after @0x63 ()
  v17: i32 = i32.const bits=0x1 @0x68
  v18: i32 = i32.add v6 v17 @0x6a
  v19: i32 = i32.lt_u v18 v1 @0x71
  branch v19 block1(v18) block6() @0x72
block6 after @0x72 ()
  return @0x75
