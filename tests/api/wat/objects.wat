(module
  (type $point (struct (field $x (mut i32)) (field $y (mut f64))))
  (type $bytes (array (mut i8)))
  (func (export "move") (param (ref $point) i32)
    (struct.set $point $x (local.get 0)
      (i32.add (struct.get $point $x (local.get 0)) (local.get 1))))
  (func (export "point") (param i32 f64) (result (ref $point))
    (struct.new $point (local.get 0) (local.get 1)))
  (func (export "sum") (param $bytes (ref $bytes)) (result i32)
    (local $at i32) (local $sum i32)
    (block $end
      (loop $next
        (br_if $end (i32.eq (local.get $at) (array.len (local.get $bytes))))
        (local.set $sum
          (i32.add (local.get $sum) (array.get_u $bytes (local.get $bytes) (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (local.get $sum))
  (func (export "negative") (param (ref i31)) (result i31ref)
    (ref.i31 (i32.sub (i32.const 0) (i31.get_s (local.get 0)))))
  (func (export "same") (param anyref) (result anyref) (local.get 0))
  (global (export "held") (mut (ref null $point)) (ref.null $point))
  (table (export "table") 2 anyref))
