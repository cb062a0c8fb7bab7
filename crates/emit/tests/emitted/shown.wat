(module
  (import "host" "see" (func $see (param i32)))
  (func (export "f") (param $a i32) (result i32)
    (if (result i32) (local.get $a) (then (i32.const 7)) (else (i32.const 4)))
    (call $see)
    (i32.const 7)))
