(module
  (type (func (param i64)))
  (type $f (func (param i32) (result i32)))
  (table 4 8 funcref)
  (elem (i32.const 0) $one)
  (func $one (type $f) (local.get 0))
  (func (export "call") (param i32) (result i32)
    (call_indirect (type $f) (i32.const 7) (local.get 0))))
