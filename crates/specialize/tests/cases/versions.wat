;; A join to which ways come that know of different words of the text, more than copies are kept
;; for, and which begins with a load of a word that the last of them knows of. The last copy but one
;; stands for the one that knows nothing, and must not once that one has compared the word.
(module
  (import "weval" "push.context" (func $push (param i32)))
  (type $f (func (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (table 2 funcref)
  (elem (i32.const 1) $run)
  (func (export "weval.pending.head") (result i32) (i32.const 16))
  (func $run (param $code i32) (param $state i32) (result i64) (local $sum i64)
    (call $push (i32.const 0))
    (i32.store8 (i32.load (local.get $state)) (i32.const 100))
    (block $join
      (block $e (block $d (block $c (block $b (block $a
        (br_table $a $b $c $d $e (i32.load offset=4 (local.get $state))))
        (local.set $sum (i64.load (local.get $code))) (br $join))
        (local.set $sum (i64.load offset=8 (local.get $code))) (br $join))
        (local.set $sum (i64.load offset=16 (local.get $code))) (br $join))
        (local.set $sum (i64.load offset=24 (local.get $code))) (br $join))
      (local.set $sum (i64.load offset=40 (local.get $code))))
    (i64.add (i64.load offset=40 (local.get $code)) (local.get $sum)))
  (func (export "run") (param $which i32) (param $at i32) (result i64)
    (i32.store (i32.const 4096) (local.get $at))
    (i32.store (i32.const 4100) (local.get $which))
    (call_indirect (type $f) (i32.const 2048) (i32.const 4096) (i32.load (i32.const 256))))
  (data (i32.const 16) "\80\00\00\00")
  (data (i32.const 128) "\00\00\00\00\00\00\00\00\01\00\00\00\00\00\00\00\01\00\00\00\00\02\00\00"
    "\50\00\00\00\00\01\00\00")
  (data (i32.const 512) "\01\00\00\00\04\00\00\00\30\00\00\00\30\00\00\00"
    "\01\00\00\00\00\00\00\00\02\00\00\00\00\00\00\00\03\00\00\00\00\00\00\00"
    "\04\00\00\00\00\00\00\00\05\00\00\00\00\00\00\00\06\00\00\00\00\00\00\00"
    "\00\00\00\00\ff\00\00\00\00\00\00\00\00\00\00\00")
  (data (i32.const 2048) "\01\00\00\00\00\00\00\00\02\00\00\00\00\00\00\00\03\00\00\00\00\00\00\00"
    "\04\00\00\00\00\00\00\00\05\00\00\00\00\00\00\00\06\00\00\00\00\00\00\00"))
