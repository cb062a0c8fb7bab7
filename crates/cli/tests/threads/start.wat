;; The start function runs in each thread, before its entry.
(module
  (import "env" "memory" (memory 1 1 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (start $start)
  (func $start (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1))))
  (func (export "wasi_thread_start") (param i32 i32)
    (drop (i32.atomic.rmw.add (i32.const 4) (i32.atomic.load (i32.const 0))))
    (drop (memory.atomic.notify (i32.const 4) (i32.const 1))))
  (func (export "count") (result i32)
    (drop (call $spawn (i32.const 0)))
    (drop (memory.atomic.wait32 (i32.const 4) (i32.const 0) (i64.const -1)))
    (i32.atomic.load (i32.const 4))))
