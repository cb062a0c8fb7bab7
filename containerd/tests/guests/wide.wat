;; Ends with 9, by a function that has no machine code.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func $wide (param i32)
    (result i32 i32 i32 i32 i32 i32 i32 i32 i32)
    (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0)
    (local.get 0) (local.get 0) (local.get 0))
  (func (export "_start")
    (call $wide (i32.const 1))
    i32.add i32.add i32.add i32.add i32.add i32.add i32.add i32.add
    (call $exit)))
