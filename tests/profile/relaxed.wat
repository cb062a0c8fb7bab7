;; D2: operands for which the relaxed operators' results differ between processors.
(module
  (func (export "swizzle beyond the lanes") (result v128)
    (i8x16.relaxed_swizzle
      (v128.const i8x16 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16)
      (v128.const i8x16 0 15 16 31 127 128 129 143 144 255 1 2 3 4 5 6)))
  (func (export "truncation of NaN and of what is out of range") (result v128 v128 v128 v128)
    (i32x4.relaxed_trunc_f32x4_s (v128.const f32x4 nan 3e9 -3e9 1.9))
    (i32x4.relaxed_trunc_f32x4_u (v128.const f32x4 nan 5e9 -1 1.9))
    (i32x4.relaxed_trunc_f64x2_s_zero (v128.const f64x2 nan 3e9))
    (i32x4.relaxed_trunc_f64x2_u_zero (v128.const f64x2 -1 5e9)))
  ;; Rounded once, the first lanes would not be 0, and the second one of f32 would be -inf.
  (func (export "madd rounds twice") (result v128 v128 v128)
    (f32x4.relaxed_madd
      (v128.const f32x4 0x1.000002p0 0x1p127 inf 1)
      (v128.const f32x4 0x1.000002p0 2 0 2)
      (v128.const f32x4 -0x1.000004p0 -inf 1 3))
    (f32x4.relaxed_nmadd
      (v128.const f32x4 0x1.000002p0 1 1 1)
      (v128.const f32x4 0x1.000002p0 2 3 4)
      (v128.const f32x4 0x1.000004p0 1 1 1))
    (f64x2.relaxed_madd
      (v128.const f64x2 0x1.0000000000001p0 1)
      (v128.const f64x2 0x1.0000000000001p0 2)
      (v128.const f64x2 -0x1.0000000000002p0 3)))
  (func (export "laneselect by a mask of some bits") (result v128 v128)
    (i8x16.relaxed_laneselect
      (v128.const i64x2 -1 -1) (v128.const i64x2 0 0) (v128.const i32x4 0x80 0x7f 0x0f0f0f0f -1))
    (i32x4.relaxed_laneselect
      (v128.const i64x2 -1 -1) (v128.const i64x2 0 0) (v128.const i32x4 0x80000000 1 -1 0)))
  (func (export "min and max of zeros and NaN") (result v128 v128)
    (f32x4.relaxed_min (v128.const f32x4 -0 0 nan:0x7 1) (v128.const f32x4 0 -0 1 -nan))
    (f64x2.relaxed_max (v128.const f64x2 -0 -nan:0x7) (v128.const f64x2 0 1)))
  (func (export "q15mulr of the least") (result v128)
    (i16x8.relaxed_q15mulr_s
      (v128.const i16x8 -32768 32767 1 0 -32768 5 6 7)
      (v128.const i16x8 -32768 32767 1 0 1 5 6 7)))
  (func (export "dot products with a high bit") (result v128 v128)
    (i16x8.relaxed_dot_i8x16_i7x16_s
      (v128.const i8x16 -128 -128 127 127 1 2 3 4 5 6 7 8 9 10 11 12)
      (v128.const i8x16 -128 -128 127 127 -1 -2 3 4 5 6 7 8 9 10 11 12))
    (i32x4.relaxed_dot_i8x16_i7x16_add_s
      (v128.const i8x16 -128 -128 -128 -128 1 2 3 4 5 6 7 8 9 10 11 12)
      (v128.const i8x16 -128 -128 -128 -128 -1 -2 3 4 5 6 7 8 9 10 11 12)
      (v128.const i32x4 1 2 3 4))))
;;; > swizzle beyond the lanes: 0x07060504030200000000000000001001; fuel 3
;;; > truncation of NaN and of what is out of range: 0x00000001800000007fffffff00000000 0x0000000100000000ffffffff00000000 0x00000000000000007fffffff00000000 0x0000000000000000ffffffff00000000; fuel 9
;;; > madd rounds twice: 0x40a000007fc000007fc0000000000000 0xc0400000c0000000bf80000000000000 0x40140000000000000000000000000000; fuel 12
;;; > laneselect by a mask of some bits: 0xffffffff0f0f0f0f0000007f00000080 0x00000000ffffffff0000000180000000; fuel 8
;;; > min and max of zeros and NaN: 0x7fc000007fc000008000000080000000 0x7ff80000000000000000000000000000; fuel 6
;;; > q15mulr of the least: 0x000000000000ffff000000007ffe7fff; fuel 3
;;; > dot products with a high bit: 0x010900b50071003d0019fffb7e027fff 0x000001c2000000b1000000160000ffff; fuel 7
