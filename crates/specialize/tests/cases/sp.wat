;; A virtual stack whose pointer is loaded from memory and moves in several steps.
(module
  (import "weval" "push.context" (func $push (param i32)))
  (import "weval" "update.context" (func $update (param i32)))
  (import "weval" "push.stack" (func $push_stack (param i32 i64)))
  (import "weval" "pop.stack" (func $pop_stack (param i32) (result i64)))
  (memory (export "memory") 1)
  (table 2 funcref)
  (elem (i32.const 1) $run)
  (func (export "weval.pending.head") (result i32) (i32.const 16))
  (func $run (param $code i32) (param $frame i32) (result i64)
    (local $pc i32) (local $sp i32)
    (local.set $sp (i32.load (local.get $frame)))
    (call $push (i32.const 0))
    (loop $next
      (block $out (block $add (block $one
        (br_table $one $add $out (i32.load8_u (i32.add (local.get $code) (local.get $pc)))))
        ;; 0: push what the frame has
        (call $push_stack (local.get $sp) (i64.load offset=8 (local.get $frame)))
        (local.set $sp (i32.add (local.get $sp) (i32.const 8)))
        (call $update (local.tee $pc (i32.add (local.get $pc) (i32.const 1))))
        (br $next))
        ;; 1: add
        (local.set $sp (i32.sub (local.get $sp) (i32.const 16)))
        (call $push_stack (local.get $sp)
          (i64.add (call $pop_stack (i32.add (local.get $sp) (i32.const 8)))
                   (call $pop_stack (local.get $sp))))
        (local.set $sp (i32.add (local.get $sp) (i32.const 8)))
        (call $update (local.tee $pc (i32.add (local.get $pc) (i32.const 1))))
        (br $next))
      ;; 2: out
      (return (call $pop_stack (i32.sub (local.get $sp) (i32.const 8)))))
    (unreachable))
  (data (i32.const 16) "\80")
  (data (i32.const 128) "\00\00\00\00\00\00\00\00\01\00\00\00\00\00\00\00\01\00\00\00\00\02\00\00\28\00\00\00\00\01\00\00")
  (data (i32.const 512) "\01\00\00\00\04\00\00\00\04\00\00\00\08\00\00\00" "\00\00\01\02\00\00\00\00"
    "\00\00\00\00\ff\00\00\00\00\00\00\00\00\00\00\00"))
