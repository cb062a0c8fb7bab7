(module (memory 1)
  (func (export "add") (param i32 i64) (result i64) (i64.atomic.rmw.add (local.get 0) (local.get 1))))
