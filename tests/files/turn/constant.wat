(module
  (memory 1)
  (func (param $n i64) (result i64) (local $c i64)
    (block $out
      (loop $l
        (local.set $c (i64.const 1000000007))
        (br_if $out (i64.le_s (local.get $n) (local.get $c)))
        (local.set $n (i64.sub (local.get $n) (local.get $c)))
        (br $l)))
    (i64.add (local.get $n) (local.get $c))))
