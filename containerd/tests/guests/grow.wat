;; Ends with the number of MiB that its memory could grow by, at most 100.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 0)
  (func (export "_start") (local $n i32)
    (loop $again
      (br_if $again
        (i32.and
          (i32.ne (memory.grow (i32.const 16)) (i32.const -1))
          (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 100)))))
    (call $exit (i32.div_u (i32.mul (memory.size) (i32.const 65536)) (i32.const 1048576)))))
