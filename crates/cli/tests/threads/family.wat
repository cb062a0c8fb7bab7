;; Threads that start threads: each adds its argument and starts the next.
(module
  (import "env" "memory" (memory 1 1 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (func (export "wasi_thread_start") (param $tid i32) (param $arg i32)
    (drop (i32.atomic.rmw.add (i32.const 4) (local.get $arg)))
    (if (local.get $arg)
      (then (drop (call $spawn (i32.sub (local.get $arg) (i32.const 1)))))
      (else
        (i32.atomic.store (i32.const 0) (i32.const 1))
        (drop (memory.atomic.notify (i32.const 0) (i32.const 1))))))
  (func (export "sum") (param $to i32) (result i32)
    (drop (call $spawn (local.get $to)))
    (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))
    (i32.atomic.load (i32.const 4)))
  (export "memory" (memory 0)))
