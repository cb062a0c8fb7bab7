(module
  (type (func (param i64) (result i64)))
  (type $f (func (param i64) (result funcref)))
  (table 4 8 funcref)
  (func (export "call") (param i32 i64) (result funcref)
    (call_indirect (type $f) (local.get 1) (local.get 0))))
