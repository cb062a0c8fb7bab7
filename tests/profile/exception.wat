;; D14: an exception that a handler's reference keeps is the same one when it is thrown again.
(module
  (tag $a (param i32)) (tag $b (param i32))
  (global $kept (mut exnref) (ref.null exn))
  (func $keep
    (block $h (result exnref) (try_table (catch_all_ref $h) (throw $a (i32.const 7))) (unreachable))
    (global.set $kept))
  (func (export "kept and thrown again") (result i32)
    (call $keep)
    (block $h (result i32)
      (try_table (catch $b $h) (catch $a $h) (throw_ref (global.get $kept)))
      (i32.const -1)))
  (func (export "another tag does not catch it")
    (block $h (result i32) (try_table (catch $b $h) (throw_ref (global.get $kept))) (i32.const -1))
    drop)
  (func (export "a null is thrown") (throw_ref (ref.null exn)))
  (func (export "a thousand") (result i32) (local $i i32)
    (loop $l
      (call $keep)
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $l (i32.lt_u (local.get $i) (i32.const 1000))))
    (local.get $i)))
;;; > kept and thrown again: 7; fuel 41
;;; > another tag does not catch it: wasm trap: unhandled exception at 0xc1; fuel 27
;;; > a null is thrown: wasm trap: null reference at 0xcc; fuel 2
;;; > a thousand: 1000; fuel 29001
