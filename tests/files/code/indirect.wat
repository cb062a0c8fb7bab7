(module
  (type $t (func (param i32) (result i32)))
  (table 4 funcref)
  (elem (i32.const 0) $same)
  (func $same (type $t) (local.get 0))
  (func (export "indirect") (param i32) (result i32)
    (call_indirect (type $t) (i32.const 7) (local.get 0)))
  (func (export "nan") (param f64) (result f64)
    (f64.sqrt (local.get 0))))
