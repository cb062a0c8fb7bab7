(module
  (memory 1)
  (global $g (mut i32) (i32.const 0))
  (func (export "f") (param $n i32) (param $p i32) (result i32)
    (local $i i32) (local $x i32)
    (block $out
      (loop $l
        (local.set $x (i32.load (i32.shl (local.get $i) (i32.const 2))))
        (br_if $out (i32.ge_u (local.get $i) (local.get $n)))
        (global.set $g (i32.add (global.get $g) (local.get $x)))
        (local.set $i (i32.add (local.get $i) (local.get $p)))
        (br $l)))
    (i32.add (local.get $x) (local.get $i))))
