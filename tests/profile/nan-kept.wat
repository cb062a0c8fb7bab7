;; D1, the twin: what computes nothing keeps the bits of a NaN, signalling or not.
(module
  (memory 1)
  (table 1 funcref)
  (global $f (mut f32) (f32.const -nan:0x200001))
  (global $d (mut f64) (f64.const -nan:0x4000000000001))
  (func $id (param f32) (result f32) (local.get 0))
  (func (export "moved") (result i32 i32 i64)
    (f32.store (i32.const 0) (call $id (global.get $f)))
    (f64.store (i32.const 8) (global.get $d))
    (i32.load (i32.const 0))
    (i32.reinterpret_f32 (f32.load (i32.const 0)))
    (i64.reinterpret_f64 (f64.load (i32.const 8))))
  (func (export "signs") (result i32 i32 i32 i64 i64 i64)
    (i32.reinterpret_f32 (f32.neg (global.get $f)))
    (i32.reinterpret_f32 (f32.abs (global.get $f)))
    (i32.reinterpret_f32 (f32.copysign (global.get $f) (f32.const 1)))
    (i64.reinterpret_f64 (f64.neg (global.get $d)))
    (i64.reinterpret_f64 (f64.abs (global.get $d)))
    (i64.reinterpret_f64 (f64.copysign (global.get $d) (f64.const 1))))
  (func (export "selected") (result i32 f64)
    (i32.reinterpret_f32 (select (global.get $f) (f32.const 1) (i32.const 1)))
    (select (f64.const 1) (global.get $d) (i32.const 0)))
  (func (export "lanes") (result v128 v128 v128 v128)
    (f32x4.pmin (v128.const f32x4 -nan:0x7 1 -nan:0x200001 1) (v128.const f32x4 1 -nan:0x7 2 1))
    (f64x2.pmax (v128.const f64x2 -nan:0x7 1) (v128.const f64x2 1 -nan:0x7))
    (f32x4.neg (v128.const f32x4 nan:0x7 1 -nan:0x200001 0))
    (f64x2.abs (v128.const f64x2 -nan:0x7 -1)))
  (func (export "lanes, moved") (result i32 v128)
    (i32.reinterpret_f32 (f32x4.extract_lane 2 (v128.const f32x4 0 0 -nan:0x200001 0)))
    (f32x4.splat (global.get $f))))
;;; > moved: -6291455 -6291455 -3377699720527871; fuel 16
;;; > signs: 2141192193 2141192193 2141192193 9219994337134247937 9219994337134247937 9219994337134247937; fuel 20
;;; > selected: -6291455 0xfff4000000000001; fuel 9
;;; > lanes: 0x3f800000ffa000013f800000ff800007 0x3ff0000000000000fff0000000000007 0x800000007fa00001bf800000ff800007 0x3ff00000000000007ff0000000000007; fuel 11
;;; > lanes, moved: -6291455 0xffa00001ffa00001ffa00001ffa00001; fuel 5
