(module
  (func $div_rem (import "host" "div_rem") (param i32 i64) (result i64 i32))
  (func (export "asked") (param i32 i64) (result i64 i32)
    (call $div_rem (local.get 0) (local.get 1)))
  (func (export "turned") (param i64 i64 i64 i64 i64) (result i64 i64 i64 i64 i64)
    (local.get 4) (local.get 3) (local.get 2) (local.get 1) (local.get 0)))
