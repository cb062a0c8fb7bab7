(module
  (func (export "f") (param $i i32) (result i32)
    (block $d
      (block $c1
        (block $c0
          (br_table $c0 $c1 $c0 $d (local.get $i)))
        (return (i32.const 10)))
      (return (i32.const 11)))
    (i32.const 12)))
