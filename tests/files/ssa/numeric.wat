(module
  (func (param i32 i64 f32 f64) (result f64)
    (f64.add (f64.promote_f32 (f32.const -0.5))
      (f64.convert_i64_s (i64.div_s (local.get 1) (i64.extend_i32_u (i32.trunc_f32_s (local.get 2)))))))
  ;; Two results of one instruction.
  (func (param i64 i64) (result i64 i64)
    (i64.add128 (local.get 0) (local.get 1) (i64.const -1) (i64.const 0)))
  (func (param i32) (result i32) (select (local.get 0) (i32.const 2) (i32.const 1))))
;; ssa
ssa func0
block0 entry @0x2a (v0: i32 local0, v1: i64 local1, v2: f32 local2, v3: f64 local3)
  v4: f32 = f32.const bits=0xbf000000 @0x2a
  v5: f64 = f64.promote_f32 v4 @0x2f
  v6: i32 = i32.trunc_f32_s v2 @0x34
  v7: i64 = i64.extend_i32_u v6 @0x35
  v8: i64 = i64.div_s v1 v7 @0x36
  v9: f64 = f64.convert_i64_s v8 @0x37
  v10: f64 = f64.add v5 v9 @0x38
  return v10 @0x39
ssa func1
block0 entry @0x3c (v0: i64 local0, v1: i64 local1)
  v2: i64 = i64.const bits=0xffffffffffffffff @0x40
  v3: i64 = i64.const bits=0x0 @0x42
  v4: i64, v5: i64 = i64.add128 v0 v1 v2 v3 @0x44
  return v4 v5 @0x46
ssa func2
block0 entry @0x49 (v0: i32 local0)
  v1: i32 = i32.const bits=0x2 @0x4b
  v2: i32 = i32.const bits=0x1 @0x4d
  v3: i32 = select v0 v1 v2 @0x4f
  return v3 @0x50
