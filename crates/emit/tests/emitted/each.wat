(module
  (tag $e)
  (tag $o)
  (import "host" "g" (func $g (param i32)))
  (func (export "f") (param $a i32) (param $b i32) (result i32)
    (local $x i32)
    (block $h
      (block $k
        (try_table (catch $e $h) (catch $o $k)
          (call $g (local.get $a))
          (local.set $x (i32.const 7))
          (call $g (local.get $b)))
        (return (i32.const 1)))
      (call $g (i32.add (local.get $x) (local.get $a)))
      (return (i32.const 2)))
    (call $g (i32.mul (local.get $x) (local.get $b)))
    (i32.sub (local.get $x) (local.get $a))))
