;; A small interpreter that uses everything: contexts, registers, the virtual stack and virtual
;; locals, a global that a call may change, memory beside constant memory.
(module
  (import "env" "host" (func $host))
  (import "weval" "push.context" (func $push (param i32)))
  (import "weval" "update.context" (func $update (param i32)))
  (import "weval" "pop.context" (func $pop))
  (import "weval" "read.reg" (func $read_reg (param i64) (result i64)))
  (import "weval" "write.reg" (func $write_reg (param i64 i64)))
  (import "weval" "push.stack" (func $push_stack (param i32 i64)))
  (import "weval" "pop.stack" (func $pop_stack (param i32) (result i64)))
  (import "weval" "sync.stack" (func $sync))
  (import "weval" "read.local" (func $read_local (param i32 i32) (result i64)))
  (import "weval" "write.local" (func $write_local (param i32 i32 i64)))
  (type $f (func (param i32 i32 i64) (result i64)))
  (memory (export "memory") 1)
  (global $g (export "g") (mut i64) (i64.const 5))
  (table 2 funcref)
  (elem (i32.const 1) $run)
  (func (export "weval.pending.head") (result i32) (i32.const 16))
  (func $step (param i32 i32) (result i32)
    (i32.add (local.get 0) (local.get 1)))
  ;; code, state, a constant 3
  (func $run (param $code i32) (param $state i32) (param $three i64) (result i64)
    (local $pc i32) (local $sp i32)
    (call $write_reg (i64.const 0) (i64.load offset=128 (local.get $state)))
    (call $push (i32.const 0))
    (loop $next
      (block $back (block $out (block $global (block $call (block $local (block $keep (block $add
        (br_table $add $keep $local $call $global $out $back
          (i32.load8_u (i32.add (local.get $code) (local.get $pc)))))
        ;; 0: reg += operand * three
        (call $write_reg (i64.const 0)
          (i64.add (call $read_reg (i64.const 0))
            (i64.mul (local.get $three)
              (i64.load8_s offset=1 (i32.add (local.get $code) (local.get $pc))))))
        (call $update (local.tee $pc (i32.add (local.get $pc) (i32.const 2))))
        (br $next))
        ;; 1: push reg
        (call $push_stack (i32.add (local.get $state) (local.get $sp)) (call $read_reg (i64.const 0)))
        (local.set $sp (i32.add (local.get $sp) (i32.const 8)))
        (call $update (local.tee $pc (i32.add (local.get $pc) (i32.const 1))))
        (br $next))
        ;; 2: local 1 = pop, reg = local 1 + 1
        (local.set $sp (i32.sub (local.get $sp) (i32.const 8)))
        (call $write_local (i32.add (local.get $state) (i32.const 64)) (i32.const 1)
          (call $pop_stack (i32.add (local.get $state) (local.get $sp))))
        (call $write_reg (i64.const 0)
          (i64.add (i64.const 1)
            (call $read_local (i32.add (local.get $state) (i32.const 64)) (i32.const 1))))
        (call $update (local.tee $pc (i32.add (local.get $pc) (i32.const 1))))
        (br $next))
        ;; 3: a call, which sees memory
        (call $sync)
        (call $host)
        (call $update (local.tee $pc (i32.add (local.get $pc) (i32.const 1))))
        (br $next))
        ;; 4: reg += g; host; reg += g; memory: two words change places
        (call $write_reg (i64.const 0) (i64.add (call $read_reg (i64.const 0)) (global.get $g)))
        (call $host)
        (call $write_reg (i64.const 0) (i64.add (call $read_reg (i64.const 0)) (global.get $g)))
        (global.set $g (i64.const 9))
        (i64.store offset=136 (local.get $state) (i64.load offset=144 (local.get $state)))
        (i64.store offset=144 (local.get $state) (call $read_reg (i64.const 0)))
        (call $update (local.tee $pc (i32.add (local.get $pc) (i32.const 1))))
        (br $next))
        ;; 5: out, with what a table that is no argument says
        (call $pop)
        (return (i64.add (call $read_reg (i64.const 0)) (i64.load (i32.const 1024)))))
      ;; 6: to the start while reg < 100
      (if (i64.lt_s (call $read_reg (i64.const 0)) (i64.const 100))
        (then
          (call $update (local.tee $pc (i32.const 0)))
          (br $next))
        (else
          (call $update (local.tee $pc (i32.add (local.get $pc) (i32.const 1))))
          (br $next))))
    (unreachable))
  (func (export "go") (result i64)
    (call_indirect (type $f) (i32.const 2048) (i32.const 4096) (i64.const 3) (i32.load (i32.const 256))))
  (data (i32.const 16) "\80\00\00\00")
  (data (i32.const 128) "\00\00\00\00\00\00\00\00\01\00\00\00\00\00\00\00\01\00\00\00\00\02\00\00\40\00\00\00\00\01\00\00")
  ;; 10 bytes of code, a state at run time, the constant 3
  (data (i32.const 512) "\01\00\00\00\04\00\00\00\0a\00\00\00\10\00\00\00"
    "\00\07\01\02\03\01\02\04\06\05\00\00\00\00\00\00"
    "\00\00\00\00\ff\00\00\00\00\00\00\00\00\00\00\00"
    "\01\00\00\00\01\00\00\00\03\00\00\00\00\00\00\00")
  (data (i32.const 1024) "\07")
  (data (i32.const 2048) "\00\07\01\02\03\01\02\04\06\05"))
