;; The start function traps the second time.
(module
  (import "env" "memory" (memory 1 1 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (start $start)
  (func $start (if (i32.atomic.rmw.add (i32.const 0) (i32.const 1)) (then unreachable)))
  (func (export "wasi_thread_start") (param i32 i32))
  (func (export "waits")
    (drop (call $spawn (i32.const 0)))
    (drop (memory.atomic.wait32 (i32.const 4) (i32.const 0) (i64.const -1)))))
