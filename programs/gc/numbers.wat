;; The host of p2w's programs: characters and numbers go to WASI's standard output, at the end of each
;; line or of 60,000 bytes.
(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (global $len (mut i32) (i32.const 0))
  (func $flush
    (i32.store (i32.const 0) (i32.const 16))
    (i32.store (i32.const 4) (global.get $len))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (global.set $len (i32.const 0)))
  (func $char (export "write_char") (param $code i32)
    (i32.store8 (i32.add (i32.const 16) (global.get $len)) (local.get $code))
    (global.set $len (i32.add (global.get $len) (i32.const 1)))
    (if (i32.or (i32.eq (local.get $code) (i32.const 10))
          (i32.gt_u (global.get $len) (i32.const 60000)))
      (then (call $flush))))
  (func $digits (param $value i64)
    (if (i64.ge_u (local.get $value) (i64.const 10))
      (then (call $digits (i64.div_u (local.get $value) (i64.const 10)))))
    (call $char (i32.add (i32.const 48) (i32.wrap_i64 (i64.rem_u (local.get $value) (i64.const 10))))))
  (func $number (export "write_i64") (param $value i64)
    (if (i64.lt_s (local.get $value) (i64.const 0))
      (then
        (call $char (i32.const 45))
        (local.set $value (i64.sub (i64.const 0) (local.get $value)))))
    (call $digits (local.get $value)))
  (func (export "write_i32") (param $value i32)
    (call $number (i64.extend_i32_s (local.get $value)))))
