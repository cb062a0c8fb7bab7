;; Four threads print a hundred lines each.
(module
  (import "env" "memory" (memory 1 1 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (export "memory" (memory 0))
  (data (i32.const 100) "a line of a thread\n")
  (data (i32.const 128) "\64\00\00\00\0a\00\00\00\6e\00\00\00\09\00\00\00")
  (func (export "wasi_thread_start") (param $tid i32) (param $arg i32) (local $n i32)
    (loop $more
      ;; What is written is told at a place for each thread.
      (drop (call $write (i32.const 1) (i32.const 128) (i32.const 2)
        (i32.add (i32.const 256) (i32.shl (local.get $arg) (i32.const 2)))))
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $more (i32.lt_u (local.get $n) (i32.const 100))))
    (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
    (drop (memory.atomic.notify (i32.const 0) (i32.const 1))))
  (func (export "_start") (local $n i32)
    (loop $more
      (drop (call $spawn (local.get $n)))
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $more (i32.lt_u (local.get $n) (i32.const 4))))
    (loop $again
      (local.set $n (i32.atomic.load (i32.const 0)))
      (if (i32.lt_u (local.get $n) (i32.const 4)) (then
        (drop (memory.atomic.wait32 (i32.const 0) (local.get $n) (i64.const -1)))
        (br $again))))))
