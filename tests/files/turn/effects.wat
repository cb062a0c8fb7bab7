(module
  (import "m" "next" (func $next (result i32)))
  (import "m" "see" (func $see (param i32)))
  (func (local $x i32)
    (loop $l
      (local.set $x (call $next))
      (if (local.get $x)
        (then (call $see (local.get $x)) (br $l))))
    (call $see (local.get $x))))
