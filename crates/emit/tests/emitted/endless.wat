(module
  (import "host" "see" (func $see (param i32)))
  (func (export "f") (param $a i32)
    (if (local.get $a) (then (call $see (i32.const 1))))
    (loop $l (br $l))))
