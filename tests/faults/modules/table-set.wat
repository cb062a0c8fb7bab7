(module
  (table 4 8 funcref)
  (func (export "set") (param i32 i32)
    (table.set 0 (local.get 0) (table.get 0 (local.get 1)))))
