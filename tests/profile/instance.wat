;; D16: what an instance has at its start, and what its own calls leave for the next ones.
(module
  (memory 1)
  (data (i32.const 0) "\01\02\03\04") (data (i32.const 2) "\ff")
  (global $n (mut i32) (i32.const 40))
  (func $start (global.set $n (i32.add (global.get $n) (i32.const 2))))
  (start $start)
  (func (export "segments in their order") (result i32) (i32.load (i32.const 0)))
  (func (export "after the start function") (result i32) (global.get $n))
  (func (export "changed") (global.set $n (i32.const 0)) (memory.fill (i32.const 0) (i32.const 9) (i32.const 4)))
  (func (export "and seen") (result i32 i32) (global.get $n) (i32.load (i32.const 0))))
;;; > segments in their order: 83821057; fuel 2
;;; > after the start function: 42; fuel 1
;;; > changed: ; fuel 7
;;; > and seen: 0 151587081; fuel 3
