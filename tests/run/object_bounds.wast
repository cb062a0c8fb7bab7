;; Garbage collection: vectors that occur in no type of a function, only in structures and arrays: the operand stack has
;; two cells for them all the same.
(module
  (type $s (struct (field (mut v128)) (field i32)))
  (type $a (array (mut v128)))
  (type $r (array (mut i32)))
  (global $g (mut (ref null $s)) (ref.null $s))
  (func $garbage (local $i i32) (loop $l (drop (array.new $r (i32.const 0x77777777) (i32.const 100))) (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 10000)))))
  (func (export "f") (result i32)
    (i32.const 5)
    (struct.get $s 0 (struct.new_default $s))
    (struct.new_default $s) 
    (array.new $r (i32.const 9) (i32.const 3))
    (call $garbage)
    (array.get $r (i32.const 1))
    (global.set $x)
    (global.set $g)
    (array.new_fixed $a 1) drop
    (i32.add (global.get $x)))
  (global $x (mut i32) (i32.const 0))
)
(assert_return (invoke "f") (i32.const 14))

(module
  (type $s (struct (field v128)))
  (func (export "f") (result i32)
    (struct.get $s 0 (struct.new_default $s))
    (drop)
    (i32.const 7)))
(assert_return (invoke "f") (i32.const 7))
(module (type $a (array v128))
  (func (export "f") (param i32) (result i32)
    (i64x2.extract_lane 0 (array.get $a (array.new_default $a (i32.const 2)) (local.get 0)))
    (drop) (i32.const 8)))
(assert_return (invoke "f" (i32.const 1)) (i32.const 8))
(assert_trap (invoke "f" (i32.const 2)) "out of bounds array access")

;; Objects of constant expressions count their bytes, each instantiation anew.
(module (type $b (array (mut i8))) (global $g (ref $b) (array.new_default $b (i32.const 1100000))) (func (export "f") (result i32) (array.len (global.get $g))))

(assert_return (invoke "f") (i32.const 1100000))
(module (type $b (array (mut i8))) (table (export "t") 1 anyref (array.new_default $b (i32.const 700000))) (func (export "f")))
(assert_return (invoke "f"))
(module (type $b (array (mut i8))) (table (export "t") 1 anyref (array.new_default $b (i32.const 700000))) (func (export "f")))
(assert_return (invoke "f"))
(module (type $b (array (mut i8))) (table (export "t") 1 anyref (array.new_default $b (i32.const 700000))) (global anyref (ref.i31 (i32.const 1))) (func (export "f")))
(assert_return (invoke "f"))
(module (type $b (array (mut i8))) (table (export "t") 1 anyref (array.new_default $b (i32.const 700000))) (func (export "f")))
(assert_return (invoke "f"))
