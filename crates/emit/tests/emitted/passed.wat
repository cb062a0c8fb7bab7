(module
  (import "m" "see" (func $see (param i32)))
  (import "m" "get" (func $get (result i32)))
  ;; What a call that may throw gives is one value on both ways to a join.
  (func (export "f") (param $a i32) (result i32) (local $y i32)
    (block $h
      (try_table (catch_all $h)
        (local.set $y (call $get))
        (call $see (block $z (result i32)
          (drop (br_if $z (local.get $y) (local.get $a)))
          (call $see (i32.const 3)) (local.get $y))))
      (return (i32.const 0)))
    (i32.const 1)))
