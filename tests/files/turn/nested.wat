(module
  (memory 1)
  (func (param $n i32) (param $m i32) (result i32) (local $i i32) (local $j i32) (local $k i32) (local $s i32)
    (block $out
      (loop $outer
        (local.set $k (i32.mul (local.get $i) (local.get $m)))
        (br_if $out (i32.gt_s (local.get $i) (local.get $n)))
        (local.set $j (local.get $k))
        (block $in
          (loop $inner
            (br_if $in (i32.eq (local.get $j) (local.get $m)))
            (i32.store (local.get $j) (local.get $k))
            (local.set $s (i32.add (local.get $s) (i32.load offset=8 (local.get $k))))
            (local.set $j (i32.add (local.get $j) (i32.const 4)))
            (br $inner)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $outer)))
    (i32.add (local.get $s) (local.get $k))))
