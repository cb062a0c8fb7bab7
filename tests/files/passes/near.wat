;; passes: near
(module (memory 1) (memory $other 1) (global $o (mut i32) (i32.const 0))
  (func (param i32 i32)
    (if (local.get 1)
      (then (i32.store offset=16 (local.get 0) (local.get 1)))
      (else (global.set $o (i32.load (i32.add (local.get 0) (i32.const 8)))))))
  (func (param i32 i32)
    (i32.store offset=16 (local.get 0) (local.get 1))
    (if (local.get 1)
      (then (global.set $o (i32.load (i32.add (local.get 0) (i32.const 16)))))
      (else (global.set $o (i32.load offset=4 (i32.add (i32.const 8) (local.get 0))))))
    (global.set $o (i32.load offset=13 (i32.add (local.get 0) (i32.const 4))))
    (global.set $o (i32.load offset=12 (i32.add (local.get 0) (i32.const 4))))
    (global.set $o (i32.load offset=16 (i32.add (local.get 0) (i32.const -4))))
    (global.set $o (i32.load (i32.add (local.get 1) (i32.const 4))))
    (global.set $o (i32.load $other (i32.add (local.get 0) (i32.const 4))))
    (i32.store8 (i32.add (local.get 0) (i32.const 19)) (local.get 1))))
;; ssa
ssa func0
block0 entry @0x29 (v0: i32 local0, v1: i32 local1)
  branch v1 block1() block2() @0x2b
block1 then1 @0x2b ()
  i32.store memory=0 offset=16 align=2 lane=0 v0 v1 @0x31
  jump block3() @0x34
block2 else1 @0x34 ()
  v2: i32 = i32.const bits=0x8 @0x37
  v3: i32 = i32.add v0 v2 @0x39
  v4: i32 = i32.load memory=0 offset=0 align=2 lane=0 v3 @0x3a
  global.set global=0 v4 @0x3d
  jump block3() @0x3f
block3 label1 @0x3f ()
  return @0x40
ssa func1
block0 entry @0x43 (v0: i32 local0, v1: i32 local1)
  i32.store memory=0 offset=16 align=2 lane=0 v0 v1 @0x47
  branch v1 block1() block2() @0x4c
block1 then1 @0x4c ()
  v2: i32 = i32.const bits=0x10 @0x50
  v3: i32 = i32.add v0 v2 @0x52
  v4: i32 = i32.load memory=0 offset=0 align=2 lane=0 v3 @0x53
  global.set global=0 v4 @0x56
  jump block3() @0x58
block2 else1 @0x58 ()
  v5: i32 = i32.const bits=0x8 @0x59
  v6: i32 = i32.add v5 v0 @0x5d
  v7: i32 = i32.load memory=0 offset=4 align=2 lane=0 v6 @0x5e
  global.set global=0 v7 @0x61
  jump block3() @0x63
block3 label1 @0x63 ()
  v8: i32 = i32.const bits=0x4 @0x66
  v9: i32 = i32.add v0 v8 @0x68
  v10: i32 = i32.load memory=0 offset=13 align=2 lane=0 v9 @0x69
  global.set global=0 v10 @0x6c
  v11: i32 = i32.const bits=0x4 @0x70
  v12: i32 = i32.add v0 v11 @0x72
  v13: i32 = i32.load memory=0 offset=12 align=2 lane=0 v12 @0x73
  global.set global=0 v13 @0x76
  v14: i32 = i32.const bits=0xfffffffc @0x7a
  v15: i32 = i32.add v0 v14 @0x7c
  v16: i32 = i32.load memory=0 offset=16 align=2 lane=0 v15 @0x7d
  global.set global=0 v16 @0x80
  v17: i32 = i32.const bits=0x4 @0x84
  v18: i32 = i32.add v1 v17 @0x86
  v19: i32 = i32.load memory=0 offset=0 align=2 lane=0 v18 @0x87
  global.set global=0 v19 @0x8a
  v20: i32 = i32.const bits=0x4 @0x8e
  v21: i32 = i32.add v0 v20 @0x90
  v22: i32 = i32.load memory=1 offset=0 align=2 lane=0 v21 @0x91
  global.set global=0 v22 @0x95
  v23: i32 = i32.const bits=0x13 @0x99
  v24: i32 = i32.add v0 v23 @0x9b
  i32.store8 memory=0 offset=0 align=0 lane=0 v24 v1 @0x9e
  return @0xa1
;; becomes
ssa func1
block0 entry @0x43 (v0: i32 local0, v1: i32 local1)
  i32.store memory=0 offset=16 align=2 lane=0 v0 v1 @0x47
  branch v1 block1() block2() @0x4c
block1 then1 @0x4c ()
  v2: i32 = i32.const bits=0x10 @0x50
  v3: i32 = i32.add v0 v2 @0x52
  v4: i32 = i32.load memory=0 offset=16 align=2 lane=0 v0 @0x53
  global.set global=0 v4 @0x56
  jump block3() @0x58
block2 else1 @0x58 ()
  v5: i32 = i32.const bits=0x8 @0x59
  v6: i32 = i32.add v5 v0 @0x5d
  v7: i32 = i32.load memory=0 offset=12 align=2 lane=0 v0 @0x5e
  global.set global=0 v7 @0x61
  jump block3() @0x63
block3 label1 @0x63 ()
  v8: i32 = i32.const bits=0x4 @0x66
  v9: i32 = i32.add v0 v8 @0x68
  v10: i32 = i32.load memory=0 offset=13 align=2 lane=0 v9 @0x69
  global.set global=0 v10 @0x6c
  v11: i32 = i32.const bits=0x4 @0x70
  v12: i32 = i32.add v0 v11 @0x72
  v13: i32 = i32.load memory=0 offset=16 align=2 lane=0 v0 @0x73
  global.set global=0 v13 @0x76
  v14: i32 = i32.const bits=0xfffffffc @0x7a
  v15: i32 = i32.add v0 v14 @0x7c
  v16: i32 = i32.load memory=0 offset=16 align=2 lane=0 v15 @0x7d
  global.set global=0 v16 @0x80
  v17: i32 = i32.const bits=0x4 @0x84
  v18: i32 = i32.add v1 v17 @0x86
  v19: i32 = i32.load memory=0 offset=0 align=2 lane=0 v18 @0x87
  global.set global=0 v19 @0x8a
  v20: i32 = i32.const bits=0x4 @0x8e
  v21: i32 = i32.add v0 v20 @0x90
  v22: i32 = i32.load memory=1 offset=0 align=2 lane=0 v21 @0x91
  global.set global=0 v22 @0x95
  v23: i32 = i32.const bits=0x13 @0x99
  v24: i32 = i32.add v0 v23 @0x9b
  i32.store8 memory=0 offset=19 align=0 lane=0 v0 v1 @0x9e
  return @0xa1
