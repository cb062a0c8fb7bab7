;; passes: stores
(module (memory 1) (global $o (mut i32) (i32.const 0))
  (func $f)
  (func (param i32 i32)
    (i32.store (local.get 0) (local.get 1))
    (i32.store (local.get 0) (i32.const 1))
    (call $f)
    (i32.store (local.get 0) (i32.const 2))
    (global.set $o (i32.load8_u offset=1 (local.get 0)))
    (i32.store (local.get 0) (i32.const 3))
    (global.set $o (i32.div_u (local.get 1) (local.get 0)))
    (i32.store (local.get 0) (i32.const 4))
    (i32.store offset=4 (local.get 0) (i32.const 5))
    (i32.store (local.get 0) (i32.const 6)))
  (func (param i32 i32)
    (i32.store offset=16 (local.get 0) (i32.const 0))
    (i32.store offset=8 (local.get 0) (i32.const 1))
    (if (local.get 1)
      (then (i32.store offset=8 (local.get 0) (i32.const 2)))
      (else (i32.store offset=12 (local.get 0) (i32.const 3))))
    (i32.store offset=4 (local.get 0) (i32.const 4))
    (if (local.get 1) (then (i32.store offset=4 (local.get 0) (i32.const 5)))))
  (func (param i32 i32) (local $i i32)
    (i64.store offset=16 (local.get 0) (i64.const 0))
    (loop $next
      (i32.store offset=4 (local.get 0) (local.get $i))
      (i32.store offset=8 (local.get 0) (local.get $i))
      (i32.store offset=12 (local.get 0) (local.get $i))
      (if (i32.lt_u (local.get $i) (local.get 1))
        (then
          (i32.store offset=8 (local.get 0) (i32.const 7))
          (i32.store16 offset=6 (local.get 0) (i32.const 8))
          (i64.store offset=4 (local.get 0) (i64.const 9))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (i32.store offset=12 (local.get 0) (i32.const 10))
          (br $next))))
    (global.set $o (i32.load offset=4 (local.get 0)))
    (i32.store offset=8 (local.get 0) (i32.const 11))
    (i64.store offset=8 (local.get 0) (i64.const 12))))
;; ssa
ssa func0
block0 entry @0x2d ()
  return @0x2d
ssa func1
block0 entry @0x30 (v0: i32 local0, v1: i32 local1)
  i32.store memory=0 offset=0 align=2 lane=0 v0 v1 @0x34
  v2: i32 = i32.const bits=0x1 @0x39
  i32.store memory=0 offset=0 align=2 lane=0 v0 v2 @0x3b
  call func=0 @0x3e
  v3: i32 = i32.const bits=0x2 @0x42
  i32.store memory=0 offset=0 align=2 lane=0 v0 v3 @0x44
  v4: i32 = i32.load8_u memory=0 offset=1 align=0 lane=0 v0 @0x49
  global.set global=0 v4 @0x4c
  v5: i32 = i32.const bits=0x3 @0x50
  i32.store memory=0 offset=0 align=2 lane=0 v0 v5 @0x52
  v6: i32 = i32.div_u v1 v0 @0x59
  global.set global=0 v6 @0x5a
  v7: i32 = i32.const bits=0x4 @0x5e
  i32.store memory=0 offset=0 align=2 lane=0 v0 v7 @0x60
  v8: i32 = i32.const bits=0x5 @0x65
  i32.store memory=0 offset=4 align=2 lane=0 v0 v8 @0x67
  v9: i32 = i32.const bits=0x6 @0x6c
  i32.store memory=0 offset=0 align=2 lane=0 v0 v9 @0x6e
  return @0x71
ssa func2
block0 entry @0x74 (v0: i32 local0, v1: i32 local1)
  v2: i32 = i32.const bits=0x0 @0x76
  i32.store memory=0 offset=16 align=2 lane=0 v0 v2 @0x78
  v3: i32 = i32.const bits=0x1 @0x7d
  i32.store memory=0 offset=8 align=2 lane=0 v0 v3 @0x7f
  branch v1 block1() block2() @0x84
block1 then1 @0x84 ()
  v4: i32 = i32.const bits=0x2 @0x88
  i32.store memory=0 offset=8 align=2 lane=0 v0 v4 @0x8a
  jump block3() @0x8d
block2 else1 @0x8d ()
  v5: i32 = i32.const bits=0x3 @0x90
  i32.store memory=0 offset=12 align=2 lane=0 v0 v5 @0x92
  jump block3() @0x95
block3 label1 @0x95 ()
  v6: i32 = i32.const bits=0x4 @0x98
  i32.store memory=0 offset=4 align=2 lane=0 v0 v6 @0x9a
  branch v1 block4() block5() @0x9f
block4 then2 @0x9f ()
  v7: i32 = i32.const bits=0x5 @0xa3
  i32.store memory=0 offset=4 align=2 lane=0 v0 v7 @0xa5
  jump block5() @0xa8
block5 label2 @0xa8 ()
  return @0xa9
ssa func3
block0 entry @0xae (v0: i32 local0, v1: i32 local1)
  v2: i32 = i32.const bits=0x0 @0xae
  v3: i64 = i64.const bits=0x0 @0xb0
  i64.store memory=0 offset=16 align=3 lane=0 v0 v3 @0xb2
  jump block1(v2) @0xb5
block1 label1 @0xb5 (v4: i32 local2)
  i32.store memory=0 offset=4 align=2 lane=0 v0 v4 @0xbb
  i32.store memory=0 offset=8 align=2 lane=0 v0 v4 @0xc2
  i32.store memory=0 offset=12 align=2 lane=0 v0 v4 @0xc9
  v5: i32 = i32.lt_u v4 v1 @0xd0
  branch v5 block2() block3() @0xd1
block2 then2 @0xd1 ()
  v6: i32 = i32.const bits=0x7 @0xd5
  i32.store memory=0 offset=8 align=2 lane=0 v0 v6 @0xd7
  v7: i32 = i32.const bits=0x8 @0xdc
  i32.store16 memory=0 offset=6 align=1 lane=0 v0 v7 @0xde
  v8: i64 = i64.const bits=0x9 @0xe3
  i64.store memory=0 offset=4 align=3 lane=0 v0 v8 @0xe5
  v9: i32 = i32.const bits=0x1 @0xea
  v10: i32 = i32.add v4 v9 @0xec
  v11: i32 = i32.const bits=0xa @0xf1
  i32.store memory=0 offset=12 align=2 lane=0 v0 v11 @0xf3
  jump block1(v10) @0xf6
block3 label2 @0xf8 ()
  v12: i32 = i32.load memory=0 offset=4 align=2 lane=0 v0 @0xfc
  global.set global=0 v12 @0xff
  v13: i32 = i32.const bits=0xb @0x103
  i32.store memory=0 offset=8 align=2 lane=0 v0 v13 @0x105
  v14: i64 = i64.const bits=0xc @0x10a
  i64.store memory=0 offset=8 align=3 lane=0 v0 v14 @0x10c
  return @0x10f
;; becomes
ssa func3
block0 entry @0xae (v0: i32 local0, v1: i32 local1)
  v2: i32 = i32.const bits=0x0 @0xae
  v3: i64 = i64.const bits=0x0 @0xb0
  i64.store memory=0 offset=16 align=3 lane=0 v0 v3 @0xb2
  jump block1(v2) @0xb5
block1 label1 @0xb5 (v4: i32 local2)
  i32.store memory=0 offset=4 align=2 lane=0 v0 v4 @0xbb
  v5: i32 = i32.lt_u v4 v1 @0xd0
  branch v5 block2() block3() @0xd1
block2 then2 @0xd1 ()
  v6: i32 = i32.const bits=0x7 @0xd5
  v7: i32 = i32.const bits=0x8 @0xdc
  v8: i64 = i64.const bits=0x9 @0xe3
  i64.store memory=0 offset=4 align=3 lane=0 v0 v8 @0xe5
  v9: i32 = i32.const bits=0x1 @0xea
  v10: i32 = i32.add v4 v9 @0xec
  v11: i32 = i32.const bits=0xa @0xf1
  jump block1(v10) @0xf6
block3 label2 @0xf8 ()
  v12: i32 = i32.load memory=0 offset=4 align=2 lane=0 v0 @0xfc
  global.set global=0 v12 @0xff
  v13: i32 = i32.const bits=0xb @0x103
  v14: i64 = i64.const bits=0xc @0x10a
  i64.store memory=0 offset=8 align=3 lane=0 v0 v14 @0x10c
  return @0x10f
