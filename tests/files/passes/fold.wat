;; passes: fold
;; Shifts count modulo 32; a division by zero and a NaN of the machine's choice stay.
(module
  (func (result i32) (i32.shl (i32.const 1) (i32.const 33)))
  (func (result i32) (i32.lt_u (i32.const -1) (i32.const 1)))
  (func (result i32) (i32.div_s (i32.const 7) (i32.const 0)))
  (func (result i32) (i32.div_s (i32.const -7) (i32.const 2)))
  (func (result f32) (f32.div (f32.const 0) (f32.const 0)))
  (func (result f64) (f64.add (f64.const 1) (f64.const 2)))
  (func (param i64) (result i64) (select (local.get 0) (i64.const 3) (i32.const 1)))
  (func (param i32) (result i32)
    (if (result i32) (i32.eqz (i32.const 0)) (then (local.get 0)) (else (unreachable)))))
;; ssa
ssa func0
block0 entry @0x31 ()
  v0: i32 = i32.const bits=0x1 @0x31
  v1: i32 = i32.const bits=0x21 @0x33
  v2: i32 = i32.shl v0 v1 @0x35
  return v2 @0x36
;; becomes
ssa func0
block0 entry @0x31 ()
  v0: i32 = i32.const bits=0x1 @0x31
  v1: i32 = i32.const bits=0x21 @0x33
  v2: i32 = i32.const bits=0x2 @0x35
  return v2 @0x36
ssa func1
block0 entry @0x39 ()
  v0: i32 = i32.const bits=0xffffffff @0x39
  v1: i32 = i32.const bits=0x1 @0x3b
  v2: i32 = i32.lt_u v0 v1 @0x3d
  return v2 @0x3e
;; becomes
ssa func1
block0 entry @0x39 ()
  v0: i32 = i32.const bits=0xffffffff @0x39
  v1: i32 = i32.const bits=0x1 @0x3b
  v2: i32 = i32.const bits=0x0 @0x3d
  return v2 @0x3e
ssa func2
block0 entry @0x41 ()
  v0: i32 = i32.const bits=0x7 @0x41
  v1: i32 = i32.const bits=0x0 @0x43
  v2: i32 = i32.div_s v0 v1 @0x45
  return v2 @0x46
ssa func3
block0 entry @0x49 ()
  v0: i32 = i32.const bits=0xfffffff9 @0x49
  v1: i32 = i32.const bits=0x2 @0x4b
  v2: i32 = i32.div_s v0 v1 @0x4d
  return v2 @0x4e
;; becomes
ssa func3
block0 entry @0x49 ()
  v0: i32 = i32.const bits=0xfffffff9 @0x49
  v1: i32 = i32.const bits=0x2 @0x4b
  v2: i32 = i32.const bits=0xfffffffd @0x4d
  return v2 @0x4e
ssa func4
block0 entry @0x51 ()
  v0: f32 = f32.const bits=0x0 @0x51
  v1: f32 = f32.const bits=0x0 @0x56
  v2: f32 = f32.div v0 v1 @0x5b
  return v2 @0x5c
ssa func5
block0 entry @0x5f ()
  v0: f64 = f64.const bits=0x3ff0000000000000 @0x5f
  v1: f64 = f64.const bits=0x4000000000000000 @0x68
  v2: f64 = f64.add v0 v1 @0x71
  return v2 @0x72
;; becomes
ssa func5
block0 entry @0x5f ()
  v0: f64 = f64.const bits=0x3ff0000000000000 @0x5f
  v1: f64 = f64.const bits=0x4000000000000000 @0x68
  v2: f64 = f64.const bits=0x4008000000000000 @0x71
  return v2 @0x72
ssa func6
block0 entry @0x75 (v0: i64 local0)
  v1: i64 = i64.const bits=0x3 @0x77
  v2: i32 = i32.const bits=0x1 @0x79
  v3: i64 = select v0 v1 v2 @0x7b
  return v3 @0x7c
;; becomes
ssa func6
block0 entry @0x75 (v0: i64 local0)
  v1: i64 = i64.const bits=0x3 @0x77
  v2: i32 = i32.const bits=0x1 @0x79
  return v0 @0x7c
ssa func7
block0 entry @0x7f (v0: i32 local0)
  v1: i32 = i32.const bits=0x0 @0x7f
  v2: i32 = i32.eqz v1 @0x81
  branch v2 block1() block2() @0x82
block1 then1 @0x82 ()
  jump block3(v0) @0x86
block2 else1 @0x86 ()
  unreachable @0x87
block3 label1 @0x88 (v3: i32 stack0)
  return v3 @0x89
;; becomes
ssa func7
block0 entry @0x7f (v0: i32 local0)
  v1: i32 = i32.const bits=0x0 @0x7f
  v2: i32 = i32.const bits=0x1 @0x81
  jump block1() @0x82
block1 then1 @0x82 ()
  jump block2(v0) @0x86
block2 label1 @0x88 (v3: i32 stack0)
  return v3 @0x89
