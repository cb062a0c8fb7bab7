(module
  (import "" "c" (global i32))
  (global (mut i32) (i32.const 0))
  (func (export "set") (param i32) (global.set 1 (local.get 0))))
