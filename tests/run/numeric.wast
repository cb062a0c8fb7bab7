;; Operators whose fusion, immediate forms or second result some engine once had wrong.

(module
  (func (export "rem") (param i32) (result i32) (i32.rem_s (local.get 0) (i32.const -1)))
  (func (export "rem64") (param i64) (result i64) (i64.rem_s (local.get 0) (i64.const -1)))
  ;; Absolute value, then the sign changed: not the same as only one of them.
  (func (export "negabs") (param f32) (result f32) (f32.neg (f32.abs (local.get 0))))
  (func (export "absneg") (param f64) (result f64) (f64.abs (f64.neg (local.get 0))))
  ;; The negation of a comparison of floats is no comparison: a NaN is neither less nor not less.
  (func (export "not-less") (param f64 f64) (result i32)
    (if (result i32) (i32.eqz (f64.lt (local.get 0) (local.get 1))) (then (i32.const 1)) (else (i32.const 0))))
  (func (export "less") (param f32 f32) (result i32)
    (if (result i32) (f32.lt (local.get 0) (local.get 1)) (then (i32.const 1)) (else (i32.const 0))))
  (func (export "not-eqz64") (param i64) (result i32)
    (if (result i32) (i32.eqz (i64.eqz (local.get 0))) (then (i32.const 1)) (else (i32.const 0))))
  ;; A subtraction of a constant as an addition: at the smallest one too.
  (func (export "sub-min") (param i32) (result i32) (i32.sub (local.get 0) (i32.const 0x80000000)))
  (func (export "sub-min64") (param i64) (result i64) (i64.sub (local.get 0) (i64.const 0x8000000000000000)))
  (func (export "sub-imm16") (param i64) (result i64) (i64.sub (local.get 0) (i64.const -32768)))
  ;; Shifts take their count modulo the width.
  (func (export "shl33") (param i32) (result i32) (i32.shl (local.get 0) (i32.const 33)))
  (func (export "shr65") (param i64) (result i64) (i64.shr_s (local.get 0) (i64.const 65)))
  (func (export "rotl") (param i32 i32) (result i32) (i32.rotl (local.get 0) (local.get 1)))
  ;; A 32-bit cell has no upper half.
  (func (export "extend") (param i64) (result i64)
    (i64.extend_i32_u (i32.add (i32.wrap_i64 (local.get 0)) (i32.const -1))))
  (func (export "extend-not") (param i32) (result i64)
    (i64.extend_i32_u (i32.xor (local.get 0) (i32.const -1))))
  (func (export "extend8") (param i32) (result i64)
    (i64.extend_i32_u (i32.extend8_s (local.get 0)))))

(assert_return (invoke "rem" (i32.const 0x80000000)) (i32.const 0))
(assert_return (invoke "rem64" (i64.const 0x8000000000000000)) (i64.const 0))
(assert_return (invoke "negabs" (f32.const 1)) (f32.const -1))
(assert_return (invoke "negabs" (f32.const -1)) (f32.const -1))
(assert_return (invoke "negabs" (f32.const nan:0x200001)) (f32.const -nan:0x200001))
(assert_return (invoke "absneg" (f64.const 1)) (f64.const 1))
(assert_return (invoke "absneg" (f64.const -0)) (f64.const 0))
(assert_return (invoke "not-less" (f64.const 1) (f64.const 2)) (i32.const 0))
(assert_return (invoke "not-less" (f64.const 2) (f64.const 2)) (i32.const 1))
(assert_return (invoke "not-less" (f64.const nan) (f64.const 2)) (i32.const 1))
(assert_return (invoke "less" (f32.const 1) (f32.const 2)) (i32.const 1))
(assert_return (invoke "less" (f32.const 1) (f32.const nan)) (i32.const 0))
(assert_return (invoke "not-eqz64" (i64.const 0x100000000)) (i32.const 1))
(assert_return (invoke "not-eqz64" (i64.const 0)) (i32.const 0))
(assert_return (invoke "sub-min" (i32.const 1)) (i32.const 0x80000001))
(assert_return (invoke "sub-min64" (i64.const 1)) (i64.const 0x8000000000000001))
(assert_return (invoke "sub-imm16" (i64.const 1)) (i64.const 32769))
(assert_return (invoke "shl33" (i32.const 3)) (i32.const 6))
(assert_return (invoke "shr65" (i64.const -8)) (i64.const -4))
(assert_return (invoke "rotl" (i32.const 0x80000001) (i32.const 33)) (i32.const 3))
(assert_return (invoke "extend" (i64.const 0xabcdef0000000000)) (i64.const 0xffffffff))
(assert_return (invoke "extend-not" (i32.const 0)) (i64.const 0xffffffff))
(assert_return (invoke "extend8" (i32.const 0x80)) (i64.const 0xffffff80))

;; Operators with two results, one of which goes to a local.
(module
  (func (export "sub128") (param i64 i64 i64 i64) (result i64 i64) (local i64 i64)
    (i64.sub128 (local.get 0) (local.get 1) (local.get 2) (local.get 3))
    local.set 4
    local.set 5
    local.get 5
    local.get 4)
  (func (export "add128-tee") (param i64 i64 i64 i64) (result i64 i64 i64)
    (i64.add128 (local.get 0) (local.get 1) (local.get 2) (local.get 3))
    local.tee 0
    local.get 0)
  (func (export "below") (param i64 i64) (result i64 i64 i64)
    local.get 0
    (i64.mul_wide_u (local.get 0) (local.get 1))
    local.set 0
    local.get 0)
  (func (export "signed") (param i64 i64) (result i64 i64) (i64.mul_wide_s (local.get 0) (local.get 1))))

(assert_return (invoke "sub128" (i64.const 0) (i64.const 5) (i64.const 1) (i64.const 2)) (i64.const -1) (i64.const 2))
(assert_return (invoke "add128-tee" (i64.const -1) (i64.const 5) (i64.const 1) (i64.const 2))
  (i64.const 0) (i64.const 8) (i64.const 8))
(assert_return (invoke "below" (i64.const -1) (i64.const 3)) (i64.const -1) (i64.const -3) (i64.const 2))
(assert_return (invoke "signed" (i64.const -1) (i64.const 3)) (i64.const -3) (i64.const -1))

(assert_invalid (module (func (result i32) (i32.add (i32.const 1) (i64.const 1)))) "type mismatch")
(assert_invalid (module (func (result i64) (i64.add128 (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1)))) "type mismatch")
