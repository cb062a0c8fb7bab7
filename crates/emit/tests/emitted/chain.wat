(module
  (import "host" "see" (func $see (param i32)))
  (func (export "f") (param $a i32) (param $b i32) (result i32)
    (local $x i32) (local $v i32) (local $w i32)
    (block $j
      (block $l
        (local.set $x (i32.const 5))
        (br_if $l (local.get $a))
        (local.set $x (i32.const 7)))
      (local.set $v (i32.add (local.get $x) (i32.const 1)))
      (br $j))
    (call $see (local.get $v))
    (block $k
      (block $m
        (block $n
          (local.set $x (i32.const 3))
          (br_if $n (local.get $b))
          (local.set $x (i32.const 4)))
        (local.set $v (i32.sub (local.get $x) (local.get $b)))
        (br $m))
      (local.set $w (i32.mul (local.get $v) (local.get $b)))
      (br $k))
    (i32.xor (local.get $w) (local.get $x))))
