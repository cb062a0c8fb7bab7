(module
  (func (export "shift") (param v128) (result v128)
    (i64x2.shr_s (local.get 0) (i32.const 40))))
