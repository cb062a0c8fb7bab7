(module
  (func (export "f") (param $a i32) (result i32)
    (if (local.get $a) (then (nop)))
    (i32.const 1)))
