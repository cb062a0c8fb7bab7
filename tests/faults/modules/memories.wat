(module (memory 100) (memory 1)
  (func (export "load") (param i32) (result i32) (i32.load 1 (local.get 0))))
