;; One request, in whose function each program of `code.txt` stands in turn.
(module
  (import "weval" "push.context" (func $push (param i32)))
  (import "weval" "update.context" (func $update (param i32)))
  (import "weval" "read.reg" (func $read_reg (param i64) (result i64)))
  (import "weval" "write.reg" (func $write_reg (param i64 i64)))
  (import "weval" "read.specialization.global" (func $global (param i32) (result i64)))
  (import "weval" "specialize.value" (func $value (param i32 i32 i32) (result i32)))
  (import "weval" "push.stack" (func $push_stack (param i32 i64)))
  (import "weval" "pop.stack" (func $pop_stack (param i32) (result i64)))
  (import "weval" "read.stack" (func $read_stack (param i32 i32) (result i64)))
  (import "weval" "write.stack" (func $write_stack (param i32 i32 i64)))
  (import "weval" "sync.stack" (func $sync))
  (import "weval" "read.local" (func $read_local (param i32 i32) (result i64)))
  (import "weval" "write.local" (func $write_local (param i32 i32 i64)))
  (memory 1) (memory 1)
  (tag $e (param i64)) (tag $f (param i64))
  (type $four (func (param i32 i32 i32 i64) (result i64)))
  (table 4 funcref)
  (elem (i32.const 1) $run $other)
  (func (export "weval.pending.head") (result i32) (i32.const 16))
  (func $run (param $code i32) (param $n i32) (param $k i32) (param $l i64) (result i64)
    (local $i i32) (local $j i32) (local $pc i32) (local $x i64)
    (; BODY ;))
  (func $other (param i32 i32 i32 i64) (result i64)
    (i64.store (local.get 1) (local.get 3))
    (i64.const 0))
  (data (i32.const 16) "\80")
  ;; next, prev, id, two globals, function 1, arguments, their size, slot
  (data (i32.const 128) "\00\00\00\00\00\00\00\00\01\00\00\00\02\00\00\00\01\00\00\00\00\02\00\00\68\00\00\00\00\01\00\00")
  (data (i32.const 512)
    "\01\00\00\00\01\00\00\00\2a\00\00\00\00\00\00\00" "\01\00\00\00\01\00\00\00\2b\00\00\00\00\00\00\00"
    "\01\00\00\00\04\00\00\00\08\00\00\00\08\00\00\00" "\01\02\03\84\05\06\07\f8"
    "\00\00\00\00\ff\00\00\00\00\00\00\00\00\00\00\00"
    "\01\00\00\00\00\00\00\00\07\00\00\00\00\00\00\00"
    "\01\00\00\00\01\00\00\00\f7\ff\ff\ff\ff\ff\ff\ff"))
