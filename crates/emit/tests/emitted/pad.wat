(module
  (import "host" "see" (func $see (param i32)))
  (func (export "f") (param $a i32) (param $b i32) (result i32)
    (local $x i32)
    (loop $l
      (local.set $x (i32.add (local.get $x) (i32.const 1)))
      (call $see (local.get $x))
      (br_if $l (local.get $a))
      (br_if $l (i32.eq (local.get $x) (local.get $b)))
      (return (local.get $x)))
    (unreachable)))
