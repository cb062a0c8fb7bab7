(module
  (import "host" "see" (func $see (param i32)))
  (import "host" "get" (func $get (result i32)))
  (func (export "f") (param $a i32) (param $b i32) (result i32)
    (local $x i32) (local $v i32)
    (block $l
      (local.set $x (i32.const 5))
      (br_if $l (local.get $a))
      (local.set $x (i32.const 7)))
    (local.set $v (i32.add (local.get $x) (i32.const 1)))
    (block $z (br $z))
    (loop $m
      (call $see (i32.const 1))
      (block $y (br $y))
      (call $see (local.get $v))
      (call $see (local.get $x))
      (br_if $m (call $get)))
    (i32.const 2)))
