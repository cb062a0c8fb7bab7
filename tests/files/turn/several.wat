(module
  (global $g (mut i32) (i32.const 0))
  (func (param $n i32) (result i32) (local $i i32)
    (block $out
      (loop $l
        (br_if $out (i32.eqz (local.get $i)))
        (if (i32.and (local.get $i) (local.get $n))
          (then (global.set $g (local.get $i))
            (local.set $i (i32.shr_u (local.get $i) (i32.const 1)))
            (br $l)))
        (local.set $i (i32.sub (local.get $i) (i32.const 1)))
        (br $l)))
    (local.get $i)))
