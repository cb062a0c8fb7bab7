;; Ends with the number of MiB that two memories together could grow by, at most 100.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory $first (export "memory") 0)
  (memory $second 0)
  (func (export "_start") (local $n i32)
    (loop $again
      (drop (memory.grow $first (i32.const 16)))
      (drop (memory.grow $second (i32.const 16)))
      (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 50))))
    (call $exit (i32.shr_u (i32.add (memory.size $first) (memory.size $second)) (i32.const 4)))))
