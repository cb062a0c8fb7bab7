;; passes: fold gvn
(module (global $o (mut i32) (i32.const 0)) (global $l (mut i64) (i64.const 0))
  (func (param i64)
    (if (i64.ne (local.get 0) (i64.const 0)) (then (global.set $l (local.get 0)))))
  (func (param i32 i64) (result i32)
    (global.set $o (i32.or (local.get 0) (i32.const 0)))
    (global.set $o (i32.xor (i32.const 0) (local.get 0)))
    (global.set $o (i32.shl (local.get 0) (i32.const 0)))
    (global.set $o (i32.and (local.get 0) (i32.const -1)))
    (global.set $o (i32.shl (i32.const 0) (local.get 0)))
    (global.set $o (i32.shl (local.get 0) (i32.const 32)))
    (global.set $l (i64.mul (local.get 1) (i64.const 1)))
    (global.set $l (i64.and (local.get 1) (i64.const 0xffffffff)))
    (global.set $l (i64.sub (local.get 1) (i64.const 0)))
    (global.set $l (i64.sub (i64.const 0) (local.get 1)))
    (i64.ne (i64.const 0) (local.get 1))
    (if (param i32) (result i32) (i64.ne (local.get 1) (i64.const 0))
      (then) (else (drop) (i32.const 7)))))
;; ssa
ssa func0
block0 entry @0x31 (v0: i64 local0)
  v1: i64 = i64.const bits=0x0 @0x33
  v2: i32 = i64.ne v0 v1 @0x35
  branch v2 block1() block2() @0x36
block1 then1 @0x36 ()
  global.set global=1 v0 @0x3a
  jump block2() @0x3c
block2 label1 @0x3c ()
  return @0x3d
;; becomes
ssa func0
block0 entry @0x31 (v0: i64 local0)
  v1: i64 = i64.const bits=0x0 @0x33
  v2: i32 = i64.eqz v0 @0x35
  branch v2 block2() block1() @0x36
block1 then1 @0x36 ()
  global.set global=1 v0 @0x3a
  jump block2() @0x3c
block2 label1 @0x3c ()
  return @0x3d
ssa func1
block0 entry @0x40 (v0: i32 local0, v1: i64 local1)
  v2: i32 = i32.const bits=0x0 @0x42
  v3: i32 = i32.or v0 v2 @0x44
  global.set global=0 v3 @0x45
  v4: i32 = i32.const bits=0x0 @0x47
  v5: i32 = i32.xor v4 v0 @0x4b
  global.set global=0 v5 @0x4c
  v6: i32 = i32.const bits=0x0 @0x50
  v7: i32 = i32.shl v0 v6 @0x52
  global.set global=0 v7 @0x53
  v8: i32 = i32.const bits=0xffffffff @0x57
  v9: i32 = i32.and v0 v8 @0x59
  global.set global=0 v9 @0x5a
  v10: i32 = i32.const bits=0x0 @0x5c
  v11: i32 = i32.shl v10 v0 @0x60
  global.set global=0 v11 @0x61
  v12: i32 = i32.const bits=0x20 @0x65
  v13: i32 = i32.shl v0 v12 @0x67
  global.set global=0 v13 @0x68
  v14: i64 = i64.const bits=0x1 @0x6c
  v15: i64 = i64.mul v1 v14 @0x6e
  global.set global=1 v15 @0x6f
  v16: i64 = i64.const bits=0xffffffff @0x73
  v17: i64 = i64.and v1 v16 @0x79
  global.set global=1 v17 @0x7a
  v18: i64 = i64.const bits=0x0 @0x7e
  v19: i64 = i64.sub v1 v18 @0x80
  global.set global=1 v19 @0x81
  v20: i64 = i64.const bits=0x0 @0x83
  v21: i64 = i64.sub v20 v1 @0x87
  global.set global=1 v21 @0x88
  v22: i64 = i64.const bits=0x0 @0x8a
  v23: i32 = i64.ne v22 v1 @0x8e
  v24: i64 = i64.const bits=0x0 @0x91
  v25: i32 = i64.ne v1 v24 @0x93
  branch v25 block1() block2() @0x94
block1 then1 @0x94 ()
  jump block3(v23) @0x96
block2 else1 @0x96 ()
  v26: i32 = i32.const bits=0x7 @0x98
  jump block3(v26) @0x9a
block3 label1 @0x9a (v27: i32 stack0)
  return v27 @0x9b
;; becomes
ssa func1
block0 entry @0x40 (v0: i32 local0, v1: i64 local1)
  v2: i32 = i32.const bits=0x0 @0x42
  global.set global=0 v0 @0x45
  v3: i32 = i32.const bits=0x0 @0x47
  global.set global=0 v0 @0x4c
  v4: i32 = i32.const bits=0x0 @0x50
  global.set global=0 v0 @0x53
  v5: i32 = i32.const bits=0xffffffff @0x57
  global.set global=0 v0 @0x5a
  v6: i32 = i32.const bits=0x0 @0x5c
  v7: i32 = i32.shl v6 v0 @0x60
  global.set global=0 v7 @0x61
  v8: i32 = i32.const bits=0x20 @0x65
  v9: i32 = i32.shl v0 v8 @0x67
  global.set global=0 v9 @0x68
  v10: i64 = i64.const bits=0x1 @0x6c
  global.set global=1 v1 @0x6f
  v11: i64 = i64.const bits=0xffffffff @0x73
  v12: i64 = i64.and v1 v11 @0x79
  global.set global=1 v12 @0x7a
  v13: i64 = i64.const bits=0x0 @0x7e
  global.set global=1 v1 @0x81
  v14: i64 = i64.const bits=0x0 @0x83
  v15: i64 = i64.sub v14 v1 @0x87
  global.set global=1 v15 @0x88
  v16: i64 = i64.const bits=0x0 @0x8a
  v17: i32 = i64.ne v16 v1 @0x8e
  v18: i64 = i64.const bits=0x0 @0x91
  v19: i32 = i64.eqz v1 @0x93
  branch v19 block2() block1() @0x94
block1 then1 @0x94 ()
  jump block3(v17) @0x96
block2 else1 @0x96 ()
  v20: i32 = i32.const bits=0x7 @0x98
  jump block3(v20) @0x9a
block3 label1 @0x9a (v21: i32 stack0)
  return v21 @0x9b
