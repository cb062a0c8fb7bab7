(module
  (import "host" "see" (func $see (param i32)))
  (func (export "f") (param $a i32) (param $n i32) (result i32)
    (block $z (result i32)
      (drop (br_if $z (local.get $n) (local.get $a)))
      (call $see (i32.const 1)) (local.get $n))
    (i32.mul (i32.const 3))))
