(module
  (import "" "f" (func $f (param funcref)))
  (import "" "g" (func $g (param i64)))
  (func (export "call") (param i64) (call $g (local.get 0))))
