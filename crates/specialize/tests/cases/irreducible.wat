;; A program that jumps into the middle of a loop.
(module
  (import "weval" "push.context" (func $push (param i32)))
  (import "weval" "update.context" (func $update (param i32)))
  (type $f (func (param i32 i64) (result i64)))
  (memory (export "memory") 1)
  (table 2 funcref)
  (elem (i32.const 1) $run)
  (func (export "weval.pending.head") (result i32) (i32.const 16))
  (func $operand (param $at i32) (result i32) (i32.load8_u offset=1 (local.get $at)))
  (func $run (param $code i32) (param $n i64) (result i64)
    (local $pc i32)
    (call $push (i32.const 0))
    (loop $next
      (block $until (block $out (block $if (block $less
        (br_table $less $if $out $until (i32.load8_u (i32.add (local.get $code) (local.get $pc)))))
        ;; 0: n = 3 n - operand
        (local.set $n (i64.sub (i64.mul (local.get $n) (i64.const 3))
          (i64.load8_u offset=1 (i32.add (local.get $code) (local.get $pc)))))
        (call $update (local.tee $pc (i32.add (local.get $pc) (i32.const 2))))
        (br $next))
        ;; 1: to the operand if n is odd
        (if (i32.wrap_i64 (i64.and (local.get $n) (i64.const 1)))
          (then (call $update (local.tee $pc
            (i32.load8_u offset=1 (i32.add (local.get $code) (local.get $pc))))))
          (else (call $update (local.tee $pc (i32.add (local.get $pc) (i32.const 2))))))
        (br $next))
        ;; 2: out
        (return (local.get $n)))
      ;; 3: to the operand if n is below 100,000
      (if (i64.lt_u (local.get $n) (i64.const 100000))
        (then (call $update (local.tee $pc
          (i32.load8_u offset=1 (i32.add (local.get $code) (local.get $pc))))))
        (else (call $update (local.tee $pc (i32.add (local.get $pc) (i32.const 2))))))
      (br $next))
    (unreachable))
  (func (export "run") (param i64) (result i64)
    (call_indirect (type $f) (i32.const 2048) (local.get 0) (i32.load (i32.const 256))))
  (func (export "plain") (param i64) (result i64)
    (call $run (i32.const 2048) (local.get 0)))
  (data (i32.const 16) "\80")
  (data (i32.const 128) "\00\00\00\00\00\00\00\00\01\00\00\00\00\00\00\00\01\00\00\00\00\02\00\00\30\00\00\00\00\01\00\00")
  (data (i32.const 512) "\01\00\00\00\04\00\00\00\09\00\00\00\10\00\00\00"
    "\01\04\00\01\00\02\03\02\02\00\00\00\00\00\00\00" "\00\00\00\00\ff\00\00\00\00\00\00\00\00\00\00\00")
  (data (i32.const 2048) "\01\04\00\01\00\02\03\02\02"))
