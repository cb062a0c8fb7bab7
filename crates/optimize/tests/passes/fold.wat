(module
  (func (param i32) (result i32)
    (i32.add
      (i32.add (i32.shl (i32.const 1) (i32.const 33)) (i32.lt_s (i32.const -1) (i32.const 1)))
      (i32.add
        (i32.reinterpret_f32 (f32.div (f32.const 0) (f32.const 0)))
        (i32.add
          (i32.div_s (i32.const 7) (i32.const 2))
          (i32.add
            (i32.div_u (i32.const 5) (i32.const 0))
            (if (result i32) (i32.eqz (i32.const 1)) (then (local.get 0)) (else (i32.const 9)))))))))
