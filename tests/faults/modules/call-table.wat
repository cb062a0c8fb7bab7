(module
  (import "" "f" (func $f))
  (table 4 8 funcref)
  (func (export "null") (param i32) (result i32)
    (drop (table.get 0 (local.get 0)))
    (call $f)
    (ref.is_null (table.get 0 (local.get 0)))))
