(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_dir_name" (func $fd_prestat_dir_name (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 8) "\n")

  (func $print (param $at i32) (param $len i32)
    (i32.store (i32.const 16) (local.get $at))
    (i32.store (i32.const 20) (local.get $len))
    (drop (call $fd_write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 32))))

  ;; Prints bytes and the end of a line: by two calls, since one may write a part.
  (func $line (param $at i32) (param $len i32)
    (call $print (local.get $at) (local.get $len))
    (call $print (i32.const 8) (i32.const 1)))

  ;; The bytes before a zero.
  (func $length (param $at i32) (result i32)
    (local $end i32)
    (local.set $end (local.get $at))
    (loop $next
      (if (i32.load8_u (local.get $end))
        (then
          (local.set $end (i32.add (local.get $end) (i32.const 1)))
          (br $next))))
    (i32.sub (local.get $end) (local.get $at)))

  (func (export "_start")
    (local $i i32)
    (local $at i32)
    (drop (call $args_sizes_get (i32.const 40) (i32.const 44)))
    (drop (call $args_get (i32.const 256) (i32.const 512)))
    (loop $next
      (local.set $at (i32.load (i32.add (i32.const 256) (i32.mul (local.get $i) (i32.const 4)))))
      (call $line (local.get $at) (call $length (local.get $at)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (i32.load (i32.const 40)))))
    (drop (call $environ_get (i32.const 256) (i32.const 512)))
    (local.set $at (i32.load (i32.const 256)))
    (call $line (local.get $at) (call $length (local.get $at)))
    (drop (call $fd_prestat_dir_name (i32.const 3) (i32.const 512) (i32.const 6)))
    (call $line (i32.const 512) (i32.const 6))
    (call $proc_exit (i32.const 7))))
