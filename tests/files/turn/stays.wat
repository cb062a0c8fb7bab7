(module
  (memory 1)
  (func (param $n i32)
    (loop $l
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $l (local.get $n))))
  (func (param $x f64)
    (block $out
      (loop $l
        (br_if $out (f64.lt (local.get $x) (f64.const 1)))
        (local.set $x (f64.mul (local.get $x) (f64.const 0.5)))
        (br $l))))
  (func (param $n i32)
    (block $out
      (loop $l
        (br_if $out (local.get $n))
        (local.set $n (i32.load (local.get $n)))
        (br $l))))
  (func (param $n i32)
    (loop $l
      (if (i32.eqz (local.get $n)) (then (local.set $n (i32.const 8))) (else (local.set $n (i32.const 9))))
      (i32.store (local.get $n) (local.get $n))
      (br $l)))
  (func (param $n i32)
    (block $out
      (loop $l
        (i32.store (i32.const 0) (local.get $n))
        (i32.store (i32.const 8) (local.get $n))
        (i32.store (i32.const 16) (local.get $n))
        (i32.store (i32.const 24) (local.get $n))
        (br_if $out (i32.eqz (local.get $n)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $l)))))
