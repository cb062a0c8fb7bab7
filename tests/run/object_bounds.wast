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

;; A pinned structure in the last 8 bytes of the heap's 4 GiB, and a collection, which ends.
(module
  (type $e (struct))
  (type $b (array (mut i8)))
  (global $keep (mut anyref) (ref.null none))
  (global $keep2 (mut anyref) (ref.null none))
  (global $A (mut anyref) (ref.null none))
  (global $B (mut anyref) (ref.null none))
  (global $H (mut anyref) (ref.null none))
  (global $G (mut anyref) (ref.null none))
  (global $T (mut anyref) (ref.null none))
  (func (export "fill")
    (global.set $A (array.new_default $b (i32.const 2621424)))     ;; pages 1..40
    (global.set $keep (array.new_default $b (i32.const 65520)))   ;; 41
    (global.set $B (array.new_default $b (i32.const 2621424)))     ;; 42..81
    (global.set $keep2 (array.new_default $b (i32.const 65520)))  ;; 82
    (global.set $H (array.new_default $b (i32.const 13107184)))    ;; 83..282
    (global.set $A (ref.null none)) (global.set $B (ref.null none))
    (global.set $G (array.new_default $b (i32.const 4272488432)))  ;; 283..65475
    (global.set $T (array.new_default $b (i32.const 3932144))))    ;; 65476..65535
  (func (export "pin") (param $n i32)
    (local $l (ref null $e)) (local $i i32)
    (global.set $T (ref.null none)) (global.set $keep (ref.null none)) (global.set $H (ref.null none))
    (drop (array.new_default $b (i32.const 4587504)))
    (loop $again
      (local.set $l (struct.new $e))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (drop (extern.convert_any (local.get $l))))
  (func (export "gc")
    (drop (array.new_default $b (i32.const 4587504)))
    (drop (array.new_default $b (i32.const 4587504)))
    (drop (array.new_default $b (i32.const 4587504)))
    (drop (array.new_default $b (i32.const 4587504)))))
(assert_return (invoke "fill"))
(assert_return (invoke "pin" (i32.const 581632)))
(assert_return (invoke "gc"))
