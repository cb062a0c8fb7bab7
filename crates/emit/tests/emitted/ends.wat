(module
  (import "host" "see" (func $see (param i32)))
  (func (export "f") (param $a i32) (param $b i32) (result i32)
    (local $x i32)
    (local.set $x (i32.const 7))
    (block $end
      (if (local.get $a)
        (then (call $see (i32.const 1)) (local.set $x (local.get $a)) (br $end)))
      (if (local.get $b)
        (then (call $see (i32.const 2)) (local.set $x (i32.const 9)) (br $end)))
      (call $see (local.get $x)))
    (i32.add (local.get $x) (local.get $b))))
