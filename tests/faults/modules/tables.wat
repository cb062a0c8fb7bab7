(module
  (table 100 200 funcref)
  (table 4 8 funcref)
  (func (export "null") (param i32) (result i32)
    (ref.is_null (table.get 1 (local.get 0)))))
