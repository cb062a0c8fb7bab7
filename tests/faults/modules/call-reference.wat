(module
  (type (func (param funcref)))
  (type $f (func (param i64)))
  (table 4 8 funcref)
  (func (export "call") (param i32 i64)
    (call_indirect (type $f) (local.get 1) (local.get 0))))
