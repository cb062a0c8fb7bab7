;; Program text that is compared: at the entry, and behind stores that may reach it. A store near an
;; argument is told apart from the text by one comparison.
(module
  (import "weval" "push.context" (func $push (param i32)))
  (type $f (func (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (table 2 funcref)
  (elem (i32.const 1) $run)
  (func (export "weval.pending.head") (result i32) (i32.const 16))
  ;; Five bytes of text are read: two, a store near `state`, two, a store anywhere, one.
  (func $run (export "plain") (param $code i32) (param $state i32) (result i64) (local $sum i64)
    (call $push (i32.const 0))
    (local.set $sum (i64.load16_u (local.get $code)))
    (i64.store offset=8 (local.get $state) (i64.const -1))
    (i64.store offset=16
      (i32.add (local.get $state)
        (i32.shl (i32.and (i32.load offset=4 (local.get $state)) (i32.const 3)) (i32.const 3)))
      (i64.const -1))
    (local.set $sum (i64.add (local.get $sum) (i64.load16_u offset=2 (local.get $code))))
    (i32.store8 (i32.load (local.get $state)) (i32.const 100))
    (i64.add (local.get $sum) (i64.load8_u offset=4 (local.get $code))))
  (func $compiled (param $code i32) (param $state i32) (result i64)
    (call_indirect (type $f) (local.get $code) (local.get $state) (i32.load (i32.const 256))))
  ;; The store anywhere goes to an address.
  (func (export "store") (param $at i32) (result i64)
    (i32.store (i32.const 4096) (local.get $at))
    (call $compiled (i32.const 2048) (i32.const 4096)))
  ;; A byte of the text is another one before it runs.
  (func (export "patched") (param $at i32) (result i64)
    (i32.store8 (local.get $at) (i32.const 77))
    (i32.store (i32.const 4096) (i32.const 8192))
    (call $compiled (i32.const 2048) (i32.const 4096)))
  ;; The text is elsewhere, or beyond memory.
  (func (export "moved") (param $to i32) (result i64)
    (i32.store (i32.const 4096) (i32.const 8192))
    (memory.copy (local.get $to) (i32.const 2048) (i32.const 5))
    (call $compiled (local.get $to) (i32.const 4096)))
  (func (export "beyond") (param $at i32) (result i64)
    (i32.store (i32.const 4096) (i32.const 8192))
    (call $compiled (local.get $at) (i32.const 4096)))
  ;; The state lies elsewhere, perhaps over the text.
  (func (export "state") (param $at i32) (result i64)
    (i32.store (local.get $at) (i32.const 8192))
    (call $compiled (i32.const 2048) (local.get $at)))
  (data (i32.const 16) "\80\00\00\00")
  (data (i32.const 128) "\00\00\00\00\00\00\00\00\01\00\00\00\00\00\00\00\01\00\00\00\00\02\00\00\28\00\00\00\00\01\00\00")
  (data (i32.const 512) "\01\00\00\00\04\00\00\00\05\00\00\00\08\00\00\00" "\01\00\02\00\03\00\00\00"
    "\00\00\00\00\ff\00\00\00\00\00\00\00\00\00\00\00")
  (data (i32.const 2048) "\01\00\02\00\03"))
