(module
  (import "m" "see" (func $see (param i32) (result i32)))
  (memory 1)
  (func (export "f") (param $n i32) (param $x i64) (result i64)
    (local $i i32) (local $j i32) (local $s i64) (local $k i32)
    (loop $outer
      (local.set $k (call $see (local.get $i)))
      (local.set $j (i32.const 0))
      (block $skip
        (br_if $skip (i32.eqz (local.get $k)))
        (loop $inner
          (local.set $s (i64.add (local.get $s) (local.get $x)))
          (i32.store offset=4 (local.get $j) (local.get $k))
          (local.set $j (i32.add (local.get $j) (i32.const 1)))
          (br_if $inner (i32.lt_u (local.get $j) (local.get $n)))))
      (local.set $i (i32.add (local.get $i) (local.get $k)))
      (br_if $outer (i32.lt_u (local.get $i) (local.get $n))))
    (local.get $s)))
