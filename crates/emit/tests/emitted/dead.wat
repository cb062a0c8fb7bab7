(module
  (import "host" "see" (func $see (param i32)))
  (import "host" "get" (func $get (result i32)))
  (func (export "f") (param $a i32) (param $b i32) (result i32)
    (local $v i32) (local $w i32)
    (if (result i32) (local.get $a)
      (then (call $see (i32.const 1)) (i32.const 10))
      (else (call $see (i32.const 2)) (i32.const 20)))
    (drop)
    (if (local.get $a)
      (then
        (local.set $v (i32.add (local.get $b) (i32.const 1)))
        (loop $l (call $see (local.get $v)) (br_if $l (call $get)))))
    (block $x
      (br_if $x (local.get $a))
      (call $see (i32.const 4)))
    (local.set $w (i32.const 9))
    (loop $m (call $see (local.get $w)) (br_if $m (call $get)))
    (local.get $b)))
