(module
  (func (export "f") (param $a i32) (param $b i32) (result i32 i32)
    (local $p i32) (local $q i32) (local $k i32)
    (block $j
      (br_if $j (i32.eq (local.get $a) (local.get $b)))
      (block $l
        (local.set $p (i32.const 5))
        (br_if $l (local.get $a))
        (local.set $p (local.get $a))
        (br_if $l (local.get $b))
        (local.set $p (local.get $b))
        (br_if $l (i32.eqz (local.get $b)))
        (unreachable))
      (local.set $q (i32.add (local.get $p) (i32.const 1)))
      (local.set $k (i32.add (i32.const 1) (i32.const 2)))
      (br $j))
    (local.get $q) (local.get $k)))
