(module
  (global $g (mut i32) (i32.const 0))
  (func (param $n i32) (result i32) (local $i i32)
    (block $out
      (loop $l
        (global.set $g (i32.mul (global.get $g) (local.get $n)))
        (global.set $g (i32.add (global.get $g) (local.get $i)))
        (br_if $out (i32.ge_u (local.get $i) (local.get $n)))
        (if (i32.and (local.get $i) (local.get $n))
          (then (global.set $g (local.get $i))
            (local.set $i (i32.shl (local.get $i) (i32.const 1)))
            (br $l)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $l)))
    (local.get $i)))
;; ssa
ssa func0
block0 entry @0x23 (v0: i32 local0)
  v1: i32 = i32.const bits=0x0 @0x23
  jump block1(v1) @0x25
block1 label2 @0x25 (v2: i32 local1)
  v3: i32 = global.get global=0 @0x27
  v4: i32 = i32.mul v3 v0 @0x2b
  global.set global=0 v4 @0x2c
  v5: i32 = global.get global=0 @0x2e
  v6: i32 = i32.add v5 v2 @0x32
  global.set global=0 v6 @0x33
  v7: i32 = i32.ge_u v2 v0 @0x39
  branch v7 block5() block2() @0x3a
block2 after @0x3a ()
  v8: i32 = i32.and v2 v0 @0x40
  branch v8 block3() block4() @0x41
block3 then3 @0x41 ()
  global.set global=0 v2 @0x45
  v9: i32 = i32.const bits=0x1 @0x49
  v10: i32 = i32.shl v2 v9 @0x4b
  jump block1(v10) @0x4e
block4 label3 @0x50 ()
  v11: i32 = i32.const bits=0x1 @0x53
  v12: i32 = i32.add v2 v11 @0x55
  jump block1(v12) @0x58
block5 label1 @0x5b ()
  return v2 @0x5e
;; becomes
ssa func0
block0 entry @0x23 (v0: i32 local0)
  v1: i32 = i32.const bits=0x0 @0x23
  jump block1(v1) @0x25
block1 label2 @0x25 (v2: i32 local1)
  v3: i32 = global.get global=0 @0x27
  v4: i32 = i32.mul v3 v0 @0x2b
  global.set global=0 v4 @0x2c
  v5: i32 = global.get global=0 @0x2e
  v6: i32 = i32.add v5 v2 @0x32
  global.set global=0 v6 @0x33
  v7: i32 = i32.lt_u v2 v0 @0x39
  branch v7 block2(v2) block6(v2) @0x3a
block2 after @0x3a (v8: i32)
  v9: i32 = i32.and v8 v0 @0x40
  branch v9 block3() block4() @0x41
block3 then3 @0x41 ()
  global.set global=0 v8 @0x45
  v10: i32 = i32.const bits=0x1 @0x49
  v11: i32 = i32.shl v8 v10 @0x4b
  jump block5(v11) @0x4e
block4 label3 @0x50 ()
  v12: i32 = i32.const bits=0x1 @0x53
  v13: i32 = i32.add v8 v12 @0x55
  jump block5(v13) @0x58
block5 label2 @0x25 (v14: i32 local1)
  v15: i32 = global.get global=0 @0x27
  v16: i32 = i32.mul v15 v0 @0x2b
  global.set global=0 v16 @0x2c
  v17: i32 = global.get global=0 @0x2e
  v18: i32 = i32.add v17 v14 @0x32
  global.set global=0 v18 @0x33
  v19: i32 = i32.lt_u v14 v0 @0x39
  branch v19 block2(v14) block6(v14) @0x3a
block6 label1 @0x5b (v20: i32)
  return v20 @0x5e
