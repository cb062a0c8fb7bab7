(module (memory 1)
  (func (export "load") (param i32) (result i32)
    (i32.load (i32.shl (local.get 0) (i32.const 3)))))
