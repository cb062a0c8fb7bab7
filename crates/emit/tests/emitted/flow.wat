(module
  (import "host" "see" (func $see (param i32)))
  (func (export "f") (param $n i32) (result i32)
    (local $a i32) (local $b i32) (local $t i32)
    (local.set $b (i32.const 1))
    (block $out
      (loop $top
        (br_if $out (i32.eqz (local.get $n)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (local.set $t (local.get $a))
        (local.set $a (local.get $b))
        (local.set $b (local.get $t))
        (br $top)))
    (if (local.get $b)
      (then (call $see (local.get $a)) (local.set $t (i32.const 3)))
      (else (call $see (local.get $b)) (local.set $t (local.get $n))))
    (i32.add (local.get $t) (local.get $a))))
