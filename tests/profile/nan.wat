;; D1: a NaN that an operator computes is the positive canonical one, whatever its operands were.
;; Each function would give other bits on x86-64 or AArch64 without the rule.
(module
  (global $f (mut f32) (f32.const -nan:0x200001))
  (global $d (mut f64) (f64.const -nan:0x4000000000001))
  (func $zero (result f32) (f32.const 0))
  (func $zero64 (result f64) (f64.const 0))
  (func (export "0/0") (result i32 i64)
    (i32.reinterpret_f32 (f32.div (call $zero) (call $zero)))
    (i64.reinterpret_f64 (f64.div (call $zero64) (call $zero64))))
  (func (export "sqrt -1") (result i32 i64)
    (i32.reinterpret_f32 (f32.sqrt (f32.const -1)))
    (i64.reinterpret_f64 (f64.sqrt (f64.const -1))))
  (func (export "inf - inf") (result i32 i64)
    (i32.reinterpret_f32 (f32.sub (f32.const inf) (f32.const inf)))
    (i64.reinterpret_f64 (f64.sub (f64.const inf) (f64.const inf))))
  (func (export "0 * inf") (result i32 i64)
    (i32.reinterpret_f32 (f32.mul (call $zero) (f32.const -inf)))
    (i64.reinterpret_f64 (f64.mul (call $zero64) (f64.const -inf))))
  (func (export "payloads, added") (result i32 i32 i64 i64)
    (i32.reinterpret_f32 (f32.add (global.get $f) (f32.const nan:0x7)))
    (i32.reinterpret_f32 (f32.add (f32.const nan:0x7) (global.get $f)))
    (i64.reinterpret_f64 (f64.add (global.get $d) (f64.const nan:0x7)))
    (i64.reinterpret_f64 (f64.add (f64.const nan:0x7) (global.get $d))))
  (func (export "payloads, min and max") (result i32 i32 i64 i64)
    (i32.reinterpret_f32 (f32.min (global.get $f) (f32.const 1)))
    (i32.reinterpret_f32 (f32.max (f32.const 1) (global.get $f)))
    (i64.reinterpret_f64 (f64.min (f64.const 1) (global.get $d)))
    (i64.reinterpret_f64 (f64.max (global.get $d) (f64.const 1))))
  (func (export "payloads, demoted and promoted") (result i32 i64)
    (i32.reinterpret_f32 (f32.demote_f64 (global.get $d)))
    (i64.reinterpret_f64 (f64.promote_f32 (global.get $f))))
  (func (export "payloads, rounded") (result i32 i32 i32 i32 i64 i64 i64 i64)
    (i32.reinterpret_f32 (f32.ceil (global.get $f)))
    (i32.reinterpret_f32 (f32.floor (global.get $f)))
    (i32.reinterpret_f32 (f32.trunc (global.get $f)))
    (i32.reinterpret_f32 (f32.nearest (global.get $f)))
    (i64.reinterpret_f64 (f64.ceil (global.get $d)))
    (i64.reinterpret_f64 (f64.floor (global.get $d)))
    (i64.reinterpret_f64 (f64.trunc (global.get $d)))
    (i64.reinterpret_f64 (f64.nearest (global.get $d))))
  (func (export "lanes") (result v128 v128 v128 v128)
    (f32x4.div (v128.const f32x4 0 1 inf -nan:0x7) (v128.const f32x4 0 1 inf 1))
    (f64x2.add (v128.const f64x2 inf -nan:0x7) (v128.const f64x2 -inf 1))
    (f32x4.max (v128.const f32x4 nan:0x200001 1 -0 1) (v128.const f32x4 1 -nan 0 2))
    (f64x2.sqrt (v128.const f64x2 -1 -nan:0x7)))
  (func (export "lanes, converted") (result v128 v128 v128)
    (f32x4.demote_f64x2_zero (v128.const f64x2 -nan:0x7 1))
    (f64x2.promote_low_f32x4 (v128.const f32x4 -nan:0x7 1 1 1))
    (f32x4.nearest (v128.const f32x4 -nan:0x7 0.5 -nan:0x200001 1))))
;;; > 0/0: 2143289344 9221120237041090560; fuel 12
;;; > sqrt -1: 2143289344 9221120237041090560; fuel 6
;;; > inf - inf: 2143289344 9221120237041090560; fuel 8
;;; > 0 * inf: 2143289344 9221120237041090560; fuel 10
;;; > payloads, added: 2143289344 2143289344 9221120237041090560 9221120237041090560; fuel 16
;;; > payloads, min and max: 2143289344 2143289344 9221120237041090560 9221120237041090560; fuel 16
;;; > payloads, demoted and promoted: 2143289344 9221120237041090560; fuel 6
;;; > payloads, rounded: 2143289344 2143289344 2143289344 2143289344 9221120237041090560 9221120237041090560 9221120237041090560 9221120237041090560; fuel 25
;;; > lanes: 0x7fc000007fc000003f8000007fc00000 0x7ff80000000000007ff8000000000000 0x40000000000000007fc000007fc00000 0x7ff80000000000007ff8000000000000; fuel 14
;;; > lanes, converted: 0x00000000000000003f8000007fc00000 0x3ff00000000000007ff8000000000000 0x3f8000007fc00000000000007fc00000; fuel 6
