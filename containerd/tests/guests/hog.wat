;; Fills its memory, 16 MiB more each time, without end; what cannot grow ends with 9.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 0)
  (func (export "_start") (local $old i32)
    (loop $again
      (if (i32.eq (local.tee $old (memory.grow (i32.const 256))) (i32.const -1))
        (then (call $exit (i32.const 9))))
      (memory.fill (i32.shl (local.get $old) (i32.const 16)) (i32.const 1) (i32.const 16777216))
      (br $again))))
