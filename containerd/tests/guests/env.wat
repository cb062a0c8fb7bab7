;; Prints its variables, each on a line.
(module
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (func (export "_start") (local $at i32)
    (if (call $sizes (i32.const 0) (i32.const 12)) (then (unreachable)))
    (if (call $get (i32.const 1000) (i32.const 65536)) (then (unreachable)))
    (i32.store (i32.const 8) (i32.const 65536))
    (loop $next
      (if (i32.eqz (i32.load8_u (i32.add (i32.const 65536) (local.get $at))))
        (then (i32.store8 (i32.add (i32.const 65536) (local.get $at)) (i32.const 10))))
      (br_if $next
        (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (i32.load (i32.const 12)))))
    (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 16)))))
