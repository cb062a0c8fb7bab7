;; An interpreter with virtual locals whose second operator calls a function once in 256 times:
;; that way alone needs them in memory. `run` calls what was compiled, `plain` the interpreter.
(module
  (import "weval" "push.context" (func $push (param i32)))
  (import "weval" "update.context" (func $update (param i32)))
  (import "weval" "pop.context" (func $pop))
  (import "weval" "read.local" (func $read (param i32 i32) (result i64)))
  (import "weval" "write.local" (func $write (param i32 i32 i64)))
  (memory (export "memory") 1)
  (type $run (func (param i32 i32 i64) (result i64)))
  (table 2 funcref)
  (elem (i32.const 1) $interpret)
  (func (export "weval.pending.head") (result i32) (i32.const 16))
  (func $see (param $at i32)
    (i64.store offset=64 (local.get $at)
      (i64.add (i64.load offset=64 (local.get $at)) (i64.load (local.get $at)))))
  (func $interpret (param $code i32) (param $at i32) (param $n i64) (result i64)
    (local $pc i32)
    (call $write (local.get $at) (i32.const 0) (i64.const 0))
    (call $write (i32.add (local.get $at) (i32.const 8)) (i32.const 1) (i64.const 3))
    (call $write (i32.add (local.get $at) (i32.const 16)) (i32.const 2) (i64.const 0))
    (call $push (local.get $pc))
    (loop $next
      (block $end (block $step (block $maybe (block $add
        (br_table $add $maybe $step $end
          (i32.load8_u (i32.add (local.get $code) (local.get $pc)))))
        ;; add
        (call $write (local.get $at) (i32.const 0) (i64.add
          (i64.mul (call $read (local.get $at) (i32.const 0)) (i64.const 5))
          (call $read (i32.add (local.get $at) (i32.const 8)) (i32.const 1))))
        (local.set $pc (i32.add (local.get $pc) (i32.const 1)))
        (call $update (local.get $pc))
        (br $next))
        ;; maybe
        (if (i64.eqz (i64.and (i64.const 255)
            (call $read (i32.add (local.get $at) (i32.const 16)) (i32.const 2))))
          (then (call $see (local.get $at))))
        (local.set $pc (i32.add (local.get $pc) (i32.const 1)))
        (call $update (local.get $pc))
        (br $next))
        ;; step
        (call $write (i32.add (local.get $at) (i32.const 16)) (i32.const 2) (i64.add (i64.const 1)
          (call $read (i32.add (local.get $at) (i32.const 16)) (i32.const 2))))
        (if (i64.lt_u (call $read (i32.add (local.get $at) (i32.const 16)) (i32.const 2))
            (local.get $n))
          (then
            (local.set $pc (i32.const 0))
            (call $update (local.get $pc))
            (br $next))
          (else
            (local.set $pc (i32.add (local.get $pc) (i32.const 1)))
            (call $update (local.get $pc))
            (br $next)))))
    (call $pop)
    (call $read (local.get $at) (i32.const 0)))
  (func (export "plain") (param i64) (result i64)
    (call $interpret (i32.const 2048) (i32.const 8192) (local.get 0)))
  (func (export "run") (param i64) (result i64)
    (call_indirect (type $run) (i32.const 2048) (i32.const 8192) (local.get 0)
      (i32.load (i32.const 256))))
  (data (i32.const 16) "\80")
  (data (i32.const 2048) "\00\00\00\00\00\00\01\02\03\00\00\00\00\00\00\00")
  ;; next, prev, id, no globals, function 1, arguments, their size, slot
  (data (i32.const 128) "\00\00\00\00\00\00\00\00\01\00\00\00\00\00\00\00\01\00\00\00\00\02\00\00\40\00\00\00\00\01\00\00")
  (data (i32.const 512)
    "\01\00\00\00\04\00\00\00\10\00\00\00\10\00\00\00"
    "\00\00\00\00\00\00\01\02\03\00\00\00\00\00\00\00"
    "\00\00\00\00\ff\00\00\00\00\00\00\00\00\00\00\00"
    "\00\00\00\00\ff\00\00\00\00\00\00\00\00\00\00\00"))
