(module
  (tag $e)
  (tag $o)
  (import "host" "g" (func $g (param i32)))
  (func (export "f") (param $a i32) (param $b i32) (result i32)
    (local $x i32)
    (block $h
      (try_table (catch $e $h) (catch $o $h)
        (call $g (local.get $a))
        (local.set $x (i32.const 7))
        (call $g (local.get $b)))
      (return (i32.const 1)))
    (i32.add (local.get $x) (local.get $a))))
