(module
  (func (export "f") (param $a i32) (param $b i32) (result i32)
    (local $x i32) (local $v i32)
    (block $k
      (block $n
        (local.set $x (i32.const 3))
        (br_if $n (local.get $b))
        (local.set $x (i32.const 4))
        (br_if $n (local.get $a))
        (local.set $x (i32.const 5)))
      (local.set $v (i32.sub (local.get $x) (local.get $b)))
      (br $k))
    (i32.xor (local.get $v) (local.get $x))))
