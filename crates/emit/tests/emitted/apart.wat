(module
  (import "host" "see" (func $see (param i32)))
  (func (export "f") (param $a i32) (param $b i32) (result i32)
    (local $v i32)
    (local.set $v (i32.add (local.get $a) (i32.const 1)))
    (block $j (result i32)
      (local.get $v) (br_if $j (local.get $b)) (drop) (local.get $v))
    (call $see (i32.const 2))))
