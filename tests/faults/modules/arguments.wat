(module
  (func (export "last") (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i64) (result i64) (local.get 9)))
