;; D7: one function is invalid, and nothing calls it. The module is refused, so `good` never runs.
(module
  (func (export "good") (result i32) (i32.const 1))
  (func $bad (result i32) (i64.const 1)))
;;; > refused: invalid: type mismatch: expected i32, found i64 in func1 (at offset 0x2a)
