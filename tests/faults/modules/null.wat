(module (table 4 8 funcref)
  (func (export "null") (result funcref) (ref.null func))
  (func (export "set") (param i32) (table.set 0 (local.get 0) (ref.null func))))
