(module
  (global $g (mut i32) (i32.const 0))
  (func (param $n i32) (result i32) (local $i i32)
    (block $out
      (loop $l
        (global.set $g (i32.mul (global.get $g) (local.get $n)))
        (global.set $g (i32.add (global.get $g) (local.get $i)))
        (br_if $out (i32.ge_u (local.get $i) (local.get $n)))
        (if (i32.and (local.get $i) (local.get $n))
          (then (global.set $g (local.get $i))
            (local.set $i (i32.shl (local.get $i) (i32.const 1)))
            (br $l)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $l)))
    (local.get $i)))
