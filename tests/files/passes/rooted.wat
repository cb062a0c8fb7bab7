;; passes: stores
(module (memory 1)
  (func (param i32 i32) (local $p i32)
    (local.set $p
      (i32.add (i32.add (i32.add (i32.add (i32.add (i32.add (local.get 0) (local.get 1))
        (i32.const 1)) (i32.const 2)) (i32.const 3)) (i32.const 4)) (i32.const 5)))
    (i32.store (local.get $p) (i32.const 0))
    (i32.store (local.get $p) (i32.const 1))
    (if (local.get 1)
      (then (i32.store (local.get $p) (i32.const 2)))
      (else (i32.store (local.get $p) (i32.const 3)))))
  (func (param i32 i32) (local $p i32)
    (local.set $p (i32.add (local.get 0) (i32.const 4)))
    (i64.store (local.get $p) (i64.const 0))
    (i64.store (i32.const 64) (i64.const 0))
    (i32.store offset=4 (i32.const 60) (i32.const 1))
    (if (local.get 1)
      (then (i32.store (i32.const 64) (i32.const 2)))
      (else (i64.store (i32.const 64) (i64.const 3))))
    (i32.store (local.get $p) (i32.const 4))
    (if (local.get 1) (then (i32.store (local.get $p) (i32.const 5)))
      (else (i64.store (local.get $p) (i64.const 6))))))
;; ssa
ssa func0
block0 entry @0x22 (v0: i32 local0, v1: i32 local1)
  v2: i32 = i32.add v0 v1 @0x26
  v3: i32 = i32.const bits=0x1 @0x27
  v4: i32 = i32.add v2 v3 @0x29
  v5: i32 = i32.const bits=0x2 @0x2a
  v6: i32 = i32.add v4 v5 @0x2c
  v7: i32 = i32.const bits=0x3 @0x2d
  v8: i32 = i32.add v6 v7 @0x2f
  v9: i32 = i32.const bits=0x4 @0x30
  v10: i32 = i32.add v8 v9 @0x32
  v11: i32 = i32.const bits=0x5 @0x33
  v12: i32 = i32.add v10 v11 @0x35
  v13: i32 = i32.const bits=0x0 @0x3a
  i32.store memory=0 offset=0 align=2 lane=0 v12 v13 @0x3c
  v14: i32 = i32.const bits=0x1 @0x41
  i32.store memory=0 offset=0 align=2 lane=0 v12 v14 @0x43
  branch v1 block1() block2() @0x48
block1 then1 @0x48 ()
  v15: i32 = i32.const bits=0x2 @0x4c
  i32.store memory=0 offset=0 align=2 lane=0 v12 v15 @0x4e
  jump block3() @0x51
block2 else1 @0x51 ()
  v16: i32 = i32.const bits=0x3 @0x54
  i32.store memory=0 offset=0 align=2 lane=0 v12 v16 @0x56
  jump block3() @0x59
block3 label1 @0x59 ()
  return @0x5a
;; becomes
ssa func0
block0 entry @0x22 (v0: i32 local0, v1: i32 local1)
  v2: i32 = i32.add v0 v1 @0x26
  v3: i32 = i32.const bits=0x1 @0x27
  v4: i32 = i32.add v2 v3 @0x29
  v5: i32 = i32.const bits=0x2 @0x2a
  v6: i32 = i32.add v4 v5 @0x2c
  v7: i32 = i32.const bits=0x3 @0x2d
  v8: i32 = i32.add v6 v7 @0x2f
  v9: i32 = i32.const bits=0x4 @0x30
  v10: i32 = i32.add v8 v9 @0x32
  v11: i32 = i32.const bits=0x5 @0x33
  v12: i32 = i32.add v10 v11 @0x35
  v13: i32 = i32.const bits=0x0 @0x3a
  i32.store memory=0 offset=0 align=2 lane=0 v12 v13 @0x3c
  v14: i32 = i32.const bits=0x1 @0x41
  branch v1 block1() block2() @0x48
block1 then1 @0x48 ()
  v15: i32 = i32.const bits=0x2 @0x4c
  i32.store memory=0 offset=0 align=2 lane=0 v12 v15 @0x4e
  jump block3() @0x51
block2 else1 @0x51 ()
  v16: i32 = i32.const bits=0x3 @0x54
  i32.store memory=0 offset=0 align=2 lane=0 v12 v16 @0x56
  jump block3() @0x59
block3 label1 @0x59 ()
  return @0x5a
ssa func1
block0 entry @0x5f (v0: i32 local0, v1: i32 local1)
  v2: i32 = i32.const bits=0x4 @0x61
  v3: i32 = i32.add v0 v2 @0x63
  v4: i64 = i64.const bits=0x0 @0x68
  i64.store memory=0 offset=0 align=3 lane=0 v3 v4 @0x6a
  v5: i32 = i32.const bits=0x40 @0x6d
  v6: i64 = i64.const bits=0x0 @0x70
  i64.store memory=0 offset=0 align=3 lane=0 v5 v6 @0x72
  v7: i32 = i32.const bits=0x3c @0x75
  v8: i32 = i32.const bits=0x1 @0x77
  i32.store memory=0 offset=4 align=2 lane=0 v7 v8 @0x79
  branch v1 block1() block2() @0x7e
block1 then1 @0x7e ()
  v9: i32 = i32.const bits=0x40 @0x80
  v10: i32 = i32.const bits=0x2 @0x83
  i32.store memory=0 offset=0 align=2 lane=0 v9 v10 @0x85
  jump block3() @0x88
block2 else1 @0x88 ()
  v11: i32 = i32.const bits=0x40 @0x89
  v12: i64 = i64.const bits=0x3 @0x8c
  i64.store memory=0 offset=0 align=3 lane=0 v11 v12 @0x8e
  jump block3() @0x91
block3 label1 @0x91 ()
  v13: i32 = i32.const bits=0x4 @0x94
  i32.store memory=0 offset=0 align=2 lane=0 v3 v13 @0x96
  branch v1 block4() block5() @0x9b
block4 then2 @0x9b ()
  v14: i32 = i32.const bits=0x5 @0x9f
  i32.store memory=0 offset=0 align=2 lane=0 v3 v14 @0xa1
  jump block6() @0xa4
block5 else2 @0xa4 ()
  v15: i64 = i64.const bits=0x6 @0xa7
  i64.store memory=0 offset=0 align=3 lane=0 v3 v15 @0xa9
  jump block6() @0xac
block6 label2 @0xac ()
  return @0xad
;; becomes
ssa func1
block0 entry @0x5f (v0: i32 local0, v1: i32 local1)
  v2: i32 = i32.const bits=0x4 @0x61
  v3: i32 = i32.add v0 v2 @0x63
  v4: i64 = i64.const bits=0x0 @0x68
  i64.store memory=0 offset=0 align=3 lane=0 v3 v4 @0x6a
  v5: i32 = i32.const bits=0x40 @0x6d
  v6: i64 = i64.const bits=0x0 @0x70
  i64.store memory=0 offset=0 align=3 lane=0 v5 v6 @0x72
  v7: i32 = i32.const bits=0x3c @0x75
  v8: i32 = i32.const bits=0x1 @0x77
  branch v1 block1() block2() @0x7e
block1 then1 @0x7e ()
  v9: i32 = i32.const bits=0x40 @0x80
  v10: i32 = i32.const bits=0x2 @0x83
  i32.store memory=0 offset=0 align=2 lane=0 v9 v10 @0x85
  jump block3() @0x88
block2 else1 @0x88 ()
  v11: i32 = i32.const bits=0x40 @0x89
  v12: i64 = i64.const bits=0x3 @0x8c
  i64.store memory=0 offset=0 align=3 lane=0 v11 v12 @0x8e
  jump block3() @0x91
block3 label1 @0x91 ()
  v13: i32 = i32.const bits=0x4 @0x94
  branch v1 block4() block5() @0x9b
block4 then2 @0x9b ()
  v14: i32 = i32.const bits=0x5 @0x9f
  i32.store memory=0 offset=0 align=2 lane=0 v3 v14 @0xa1
  jump block6() @0xa4
block5 else2 @0xa4 ()
  v15: i64 = i64.const bits=0x6 @0xa7
  i64.store memory=0 offset=0 align=3 lane=0 v3 v15 @0xa9
  jump block6() @0xac
block6 label2 @0xac ()
  return @0xad
