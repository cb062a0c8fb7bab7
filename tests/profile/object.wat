;; D20: objects that nothing holds are forgotten at counted thresholds; what is alive ends at the limit.
;;; heap 1000000
;;; fuel 10000000
(module
  (type $node (struct (field $next (ref null $node)) (field $n i64)))
  (type $bytes (array (mut i8)))
  (global $list (mut (ref null $node)) (ref.null $node))
  (global $last (mut i32) (i32.const 0))
  (func (export "a small integer is its 31 bits") (result i32)
    (i31.get_s (ref.i31 (i32.const 0x7fffffff))))
  (func (export "equal numbers are one reference") (result i32)
    (ref.eq (ref.i31 (i32.const 5)) (ref.i31 (i32.const 0x80000005))))
  (func (export "two objects are two") (result i32)
    (ref.eq (struct.new_default $node) (struct.new_default $node)))
  (func (export "a hundred thousand that nothing holds") (result i32) (local $i i32)
    (loop $l
      (drop (struct.new $node (ref.null $node) (i64.const 7)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $l (i32.lt_u (local.get $i) (i32.const 100000))))
    (local.get $i))
  (func (export "a list without an end") (local $i i32)
    (loop $l
      (global.set $list (struct.new $node (global.get $list) (i64.extend_i32_u (local.get $i))))
      (global.set $last (local.get $i))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br $l)))
  (func (export "how many there were") (result i32) (global.get $last))
  (func (export "room again") (result i32)
    (global.set $list (ref.null $node))
    (array.len (array.new $bytes (i32.const 1) (i32.const 500000))))
  (func (export "an array beyond the limit")
    (drop (array.new $bytes (i32.const 1) (i32.const 2000000))))
  (func (export "an array beyond every heap")
    (drop (array.new_default $bytes (i32.const -1))))
  (func (export "a cast that fails") (result i32)
    (i31.get_s (ref.cast (ref i31) (struct.new_default $node)))))
;;; > a small integer is its 31 bits: -1; fuel 3
;;; > equal numbers are one reference: 1; fuel 5
;;; > two objects are two: 0; fuel 9
;;; > a hundred thousand that nothing holds: 100000; fuel 1835001
;;; > a list without an end: wasm trap: GC heap out of memory at 0x19c; fuel 781415
;;; > how many there were: 32759; fuel 1
;;; > room again: 500000; fuel 207506
;;; > an array beyond the limit: wasm trap: GC heap out of memory at 0x1d0; fuel 259362
;;; > an array beyond every heap: wasm trap: allocation size too large at 0x1d9; fuel 2
;;; > a cast that fails: wasm trap: cast failure at 0x1e3; fuel 6
