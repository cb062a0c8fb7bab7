(module (memory 1)
  (func (export "load") (param i64) (result i32)
    (i32.load (i32.wrap_i64 (local.get 0)))))
