(module (memory 1)
  (func (export "splat") (param i32)
    (v128.store (i32.const 0) (f64x2.splat (f64.load (local.get 0))))))
