(module
  (import "m" "see" (func $see (param i32)))
  (import "m" "get" (func $get (result i32)))
  ;; Two ways meet, and lead to a return by a block of their own.
  (func (export "f") (param $a i32) (result i32) (local $x i32)
    (local.set $x (call $get))
    (block $out
      (block $j
        (br_if $j (local.get $a))
        (call $see (i32.const 2)))
      (br $out))
    (local.get $x)))
