;; The host of MoonBit programs: characters, one at a time, go to WASI's standard output as UTF-8,
;; at the end of each line or of 60,000 bytes.
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
  (func $byte (param $byte i32)
    (i32.store8 (i32.add (i32.const 16) (global.get $len)) (local.get $byte))
    (global.set $len (i32.add (global.get $len) (i32.const 1))))
  (func $tail (param $code i32) (param $shift i32)
    (call $byte (i32.or (i32.const 0x80)
      (i32.and (i32.shr_u (local.get $code) (local.get $shift)) (i32.const 63)))))
  (func (export "print_char") (param $code i32)
    (block $done
      (if (i32.lt_u (local.get $code) (i32.const 0x80))
        (then (call $byte (local.get $code)) (br $done)))
      (if (i32.lt_u (local.get $code) (i32.const 0x800))
        (then
          (call $byte (i32.or (i32.const 0xc0) (i32.shr_u (local.get $code) (i32.const 6))))
          (call $tail (local.get $code) (i32.const 0))
          (br $done)))
      (call $byte (i32.or (i32.const 0xe0) (i32.shr_u (local.get $code) (i32.const 12))))
      (call $tail (local.get $code) (i32.const 6))
      (call $tail (local.get $code) (i32.const 0)))
    (if (i32.or (i32.eq (local.get $code) (i32.const 10))
          (i32.gt_u (global.get $len) (i32.const 60000)))
      (then (call $flush)))))
