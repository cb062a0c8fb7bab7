(module
  (type $t (func (result i32)))
  (func (export "f") (param $r (ref null $t)) (param $s (ref null $t)) (result i32)
    (block $null
      (block $other
        (call_ref $t (br_on_null $null (local.get $r)))
        (br_if $other)
        (drop (call_ref $t (ref.as_non_null (local.get $s)))))
      (return (i32.const 1)))
    (i32.const 2)))
