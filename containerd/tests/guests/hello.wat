;; Prints its second argument, or `hello`.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 100) "hello\n")
  (func (export "_start")
    (local $end i32)
    (drop (call $sizes (i32.const 0) (i32.const 4)))
    (i32.store (i32.const 8) (i32.const 100))
    (i32.store (i32.const 12) (i32.const 6))
    (if (i32.gt_u (i32.load (i32.const 0)) (i32.const 1))
      (then
        (drop (call $args (i32.const 200) (i32.const 1000)))
        (local.set $end (i32.load (i32.const 204)))
        (loop $next
          (if (i32.load8_u (local.get $end))
            (then (local.set $end (i32.add (local.get $end) (i32.const 1))) (br $next))))
        (i32.store8 (local.get $end) (i32.const 10))
        (i32.store (i32.const 8) (i32.load (i32.const 204)))
        (i32.store (i32.const 12)
          (i32.add (i32.sub (local.get $end) (i32.load (i32.const 204))) (i32.const 1)))))
    (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 16)))))
