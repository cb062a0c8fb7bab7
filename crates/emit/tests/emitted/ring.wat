(module
  (import "host" "see" (func $see (param i32)))
  (import "host" "get" (func $get (result i32)))
  (func (export "f") (param $a i32) (param $b i32) (result i32)
    (local $x i32) (local $v i32) (local $y i32) (local $z i32)
    (block $l
      (local.set $x (i32.const 5))
      (br_if $l (local.get $a))
      (local.set $x (i32.const 7)))
    (local.set $v (i32.add (local.get $x) (i32.const 1)))
    (loop $m
      (block $n (result i32)
        (i32.mul (local.get $v) (local.get $y))
        (br $n))
      (local.set $y)
      (call $see (local.get $y))
      (br_if $m (call $get)))
    (block $c
      (call $see (i32.const 5))
      (br $c))
    (local.set $z (i32.add (local.get $b) (i32.const 3)))
    (loop $k (call $see (local.get $z)) (br_if $k (call $get)))
    (local.get $y)))
