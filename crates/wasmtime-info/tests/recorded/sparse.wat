(module
  (memory 2)
  (data (i32.const 0) "first")
  (data (i32.const 0x12000) "last")
  (func (export "read") (param i32) (result i32) (i32.load (local.get 0))))
