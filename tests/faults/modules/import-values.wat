(module (import "" "f" (func $f (param i32 i64) (result i32)))
  (func (export "call") (param i32 i64) (result i32) (call $f (local.get 0) (local.get 1))))
