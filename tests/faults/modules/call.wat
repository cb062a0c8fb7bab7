(module
  (func $f (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "call") (param i32 i32 i32) (result i32)
    (i32.mul (call $f (local.get 0) (local.get 1)) (i32.xor (local.get 0) (local.get 2)))))
