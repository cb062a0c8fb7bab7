(module
  (memory $input (export "input") 1)
  (memory $output (export "output") 2 4)
  (func (export "reverse") (param $n i32)
    (local $i i32)
    (loop $next
      (if (i32.lt_u (local.get $i) (local.get $n))
        (then
          (i32.store8 $output
            (i32.sub (i32.sub (local.get $n) (i32.const 1)) (local.get $i))
            (i32.load8_u $input (local.get $i)))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br $next))))))
