(module (memory 1)
  (func (export "ceil") (param i32)
    (f64.store (i32.const 0) (f64.ceil (f64.load (local.get 0))))))
