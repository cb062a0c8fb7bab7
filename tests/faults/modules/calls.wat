(module
  (table 4 8 funcref)
  (func $f (param i32 funcref) (table.set 0 (local.get 0) (local.get 1)))
  (func $g (param i32 i64))
  (func (export "call") (param i32 i64)
    (call $g (local.get 0) (local.get 1))))
