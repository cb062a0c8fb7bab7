(module
  (import "host" "memory" (memory 1))
  (import "host" "base" (global $base i32))
  (import "host" "table" (table $table 2 funcref))
  (data (global.get $base) "somewhere")
  (elem (table $table) (global.get $base) func $two)
  (func $two (export "two") (result i32) (i32.const 2)))
