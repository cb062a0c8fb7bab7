(module
  (global $g (mut i32) (i32.const 0))
  (func (param $n i32) (result i32) (local $i i32)
    (block $out
      (loop $l
        (br_if $out (i32.eqz (local.get $i)))
        (if (i32.and (local.get $i) (local.get $n))
          (then (global.set $g (local.get $i))
            (local.set $i (i32.shr_u (local.get $i) (i32.const 1)))
            (br $l)))
        (local.set $i (i32.sub (local.get $i) (i32.const 1)))
        (br $l)))
    (local.get $i)))
;; ssa
ssa func0
block0 entry @0x23 (v0: i32 local0)
  v1: i32 = i32.const bits=0x0 @0x23
  jump block1(v1) @0x25
block1 label2 @0x25 (v2: i32 local1)
  v3: i32 = i32.eqz v2 @0x29
  branch v2 block2() block5() @0x2a
block2 after @0x2a ()
  v4: i32 = i32.and v2 v0 @0x30
  branch v4 block3() block4() @0x31
block3 then3 @0x31 ()
  global.set global=0 v2 @0x35
  v5: i32 = i32.const bits=0x1 @0x39
  v6: i32 = i32.shr_u v2 v5 @0x3b
  jump block1(v6) @0x3e
block4 label3 @0x40 ()
  v7: i32 = i32.const bits=0x1 @0x43
  v8: i32 = i32.sub v2 v7 @0x45
  jump block1(v8) @0x48
block5 label1 @0x4b ()
  return v2 @0x4e
;; becomes
ssa func0
block0 entry @0x23 (v0: i32 local0)
  v1: i32 = i32.const bits=0x0 @0x23
  jump block1(v1) @0x25
block1 label2 @0x25 (v2: i32 local1)
  v3: i32 = i32.eqz v2 @0x29
  branch v2 block2(v2) block7(v2) @0x2a
block2 after @0x2a (v4: i32)
  v5: i32 = i32.and v4 v0 @0x30
  branch v5 block3() block5() @0x31
block3 then3 @0x31 ()
  global.set global=0 v4 @0x35
  v6: i32 = i32.const bits=0x1 @0x39
  v7: i32 = i32.shr_u v4 v6 @0x3b
  jump block4(v7) @0x3e
block4 label2 @0x25 (v8: i32 local1)
  v9: i32 = i32.eqz v8 @0x29
  branch v8 block2(v8) block7(v8) @0x2a
block5 label3 @0x40 ()
  v10: i32 = i32.const bits=0x1 @0x43
  v11: i32 = i32.sub v4 v10 @0x45
  jump block6(v11) @0x48
block6 label2 @0x25 (v12: i32 local1)
  v13: i32 = i32.eqz v12 @0x29
  branch v12 block2(v12) block7(v12) @0x2a
block7 label1 @0x4b (v14: i32)
  return v14 @0x4e
