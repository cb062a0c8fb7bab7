(module
  (import "host" "see" (func $see (param i32)))
  (func (export "f") (param $a i32)
    (block $x
      (br_if $x (local.get $a))
      (call $see (i32.const 1))
      (return))
    (call $see (i32.const 2))))
