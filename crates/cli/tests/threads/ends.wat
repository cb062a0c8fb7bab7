;; A thread of kind ARG does what ends the run, or what never ends; the first one waits for ever, or
;; returns once the thread runs.
(module
  (import "env" "memory" (memory 1 8 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (export "memory" (memory 0))
  ;; A subscription at 64: the monotonic clock, an hour. A vector of a page at 128.
  (data (i32.const 80) "\01\00\00\00")
  (data (i32.const 88) "\00\a0\b8\30\46\03\00\00")
  (data (i32.const 128) "\00\10\00\00\00\10\00\00")
  (func $inner unreachable)
  (func $deep (param i32) (result i32)
    (i32.add (call $deep (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))
  (func $spin (loop (br 0)))
  (func $wait (drop (memory.atomic.wait32 (i32.const 8) (i32.const 0) (i64.const -1))))
  (func $sleep (drop (call $poll (i32.const 64) (i32.const 256) (i32.const 1) (i32.const 512))))
  (func $input (drop (call $read (i32.const 0) (i32.const 128) (i32.const 1) (i32.const 8))))
  (func $spawner (loop (drop (call $spawn (i32.const 8))) (br 0)))
  (func $began
    (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
    (drop (memory.atomic.notify (i32.const 0) (i32.const 1))))
  (func $far (drop (i32.load offset=0x7fff0000 (i32.const 0))))
  (table funcref (elem $inner $spin $wait $sleep $input $spawner $far))
  (type $nothing (func))
  (func (export "wasi_thread_start") (param $tid i32) (param $arg i32)
    (if (i32.lt_s (local.get $arg) (i32.const 0))
      (then (call $exit (i32.sub (i32.const 0) (local.get $arg)))))
    (if (i32.eq (local.get $arg) (i32.const 7)) (then (drop (call $deep (i32.const 0)))))
    (if (i32.eq (local.get $arg) (i32.const 8)) (then (return)))
    (if (i32.eq (local.get $arg) (i32.const 9)) (then (call $exit (i32.const 0))))
    (call $began)
    (call_indirect (type $nothing) (local.get $arg)))
  ;; The first thread waits for ever.
  (func (export "waits") (param $kind i32)
    (drop (call $spawn (local.get $kind)))
    (call $wait))
  ;; It computes for ever.
  (func (export "spins") (param $kind i32)
    (drop (call $spawn (local.get $kind)))
    (call $spin))
  ;; It returns when COUNT threads run.
  (func (export "returns") (param $kind i32) (param $count i32) (result i32)
    (call $starts (local.get $kind) (local.get $count))
    (i32.const 3))
  ;; It exits when COUNT threads run.
  (func (export "exits") (param $kind i32) (param $count i32) (param $code i32)
    (call $starts (local.get $kind) (local.get $count))
    (call $exit (local.get $code)))
  (func $starts (param $kind i32) (param $count i32) (local $n i32)
    (loop $more
      (if (i32.gt_s (call $spawn (local.get $kind)) (i32.const 0)) (then
        (local.set $n (i32.add (local.get $n) (i32.const 1)))))
      (br_if $more (i32.lt_u (local.get $n) (local.get $count))))
    (loop $again
      (local.set $n (i32.atomic.load (i32.const 0)))
      (if (i32.lt_u (local.get $n) (local.get $count)) (then
        (drop (memory.atomic.wait32 (i32.const 0) (local.get $n) (i64.const -1)))
        (br $again)))))
  ;; Threads until there are no more: their number, and what the last call gave.
  (func (export "limit") (result i32 i32) (local $n i32) (local $tid i32)
    (loop $more
      (local.set $tid (call $spawn (i32.const 2)))
      (if (i32.gt_s (local.get $tid) (i32.const 0)) (then
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br $more))))
    (local.get $n) (local.get $tid))
  ;; COUNT threads of a kind that ends, one at a time; what the last one is called.
  (func (export "many") (param $count i32) (result i32) (local $tid i32)
    (loop $more
      (local.set $tid (call $spawn (i32.const 8)))
      ;; There may be as many as the limit that have not ended.
      (br_if $more (i32.lt_s (local.get $tid) (i32.const 0)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br_if $more (local.get $count)))
    (local.get $tid)))
