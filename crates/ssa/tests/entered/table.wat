(module
  (type $t (func (param i32) (result i32)))
  (import "m" "see" (func $see (param i32) (result i32)))
  (table 4 funcref)
  (func (export "f") (param $n i32) (param $r funcref) (result i32)
    (local $i i32)
    (block $out
      (loop $l
        (br_if $out (i32.eqz (call $see (local.get $i))))
        (block $c (block $b (block $a
          (br_table $a $b $c $a (local.get $i)))
          (br_if $c (ref.is_null (local.get $r)))
          (local.set $i (i32.add (local.get $i) (i32.const 3)))
          (br $l))
          (block $null
            (drop (br_on_null $null (local.get $r)))
            (unreachable))
          (return (i32.const 7)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $l)))
    (return_call_indirect (type $t) (local.get $i) (local.get $n))))
