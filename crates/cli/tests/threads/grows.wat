;; A thread grows the memory while the first one has WASI write at its end.
(module
  (import "env" "memory" (memory 1 64 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (export "memory" (memory 0))
  (func (export "wasi_thread_start") (param $tid i32) (param $arg i32)
    (loop $more (br_if $more (i32.ge_s (memory.grow (i32.const 1)) (i32.const 0))))
    (i32.atomic.store (i32.const 0) (i32.const 1)))
  ;; The pages at the end.
  (func (export "race") (result i32)
    (drop (call $spawn (i32.const 0)))
    (loop $more
      (drop (call $random (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 60000))
        (i32.const 60000)))
      (br_if $more (i32.eqz (i32.atomic.load (i32.const 0)))))
    (memory.size)))
