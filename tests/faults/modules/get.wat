(module
  (table 4 8 funcref)
  (func (export "get") (param i32) (result funcref) (table.get 0 (local.get 0))))
