(module (memory 1) (global $o (mut i32) (i32.const 0))
  (func (param i32 i32) (local $i i32) (local $j i32)
    (loop $outer
      (local.set $j (i32.const 0))
      (loop $inner
        (global.set $o (i32.mul (i32.add (local.get 0) (i32.const 8)) (local.get 1)))
        (global.set $o (i32.mul (i32.add (local.get $i) (i32.const 8)) (local.get 1)))
        (global.set $o (i32.div_u (local.get 0) (local.get 1)))
        (if (local.get $j) (then (global.set $o (i32.sub (local.get 0) (local.get 1)))))
        (local.set $j (i32.add (local.get $j) (i32.const 1)))
        (br_if $inner (i32.lt_u (local.get $j) (local.get 1))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $outer (i32.lt_u (local.get $i) (local.get 1))))))
