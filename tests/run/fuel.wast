;; fuel 100
;; Each call starts with 100 units. What a function costs is computed here from docs/semantics.md, section Fuel, by hand.

(module
  (import "spectest" "print" (func $print))
  (memory (export "memory") 1)
  (table $t 300 funcref)
  ;; Each turn costs 8, what follows 1: 12 turns are 97 units, 13 are 105.
  (func (export "count") (param $n i32) (result i32) (local $i i32)
    (loop $l
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $l (i32.lt_u (local.get $i) (local.get $n))))
    (local.get $i))
  ;; Eight cells cost 1, once, and each turn 6: 16 turns are 97 units, 17 are 103.
  (func (export "cells, then a loop") (param i32) (local i64 i64 i64 i64 i64 i64 i64)
    (loop (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br_if 0 (local.get 0))))
  (func (export "endless") (loop $l (br $l)))
  (func $down (export "down") (param i32)
    (if (local.get 0) (then (call $down (i32.sub (local.get 0) (i32.const 1))))))
  ;; 4 units, and one for each 8 bytes begun: 96 are left.
  (func (export "fill") (param i32) (memory.fill (i32.const 0) (i32.const 1) (local.get 0)))
  (func (export "fill-far") (param i32) (memory.fill (i32.const 65535) (i32.const 1) (local.get 0)))
  (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
  ;; 4 units, and one for each element.
  (func (export "table-fill") (param i32) (table.fill $t (i32.const 0) (ref.null func) (local.get 0)))
  ;; Free operators: as many as one likes.
  (func (export "free")
    nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop
    (block (block (block (block nop))))
    (block (block (block (block nop))))
    nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop
    nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop
    nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop nop
    return)
  ;; A segment is paid before its first operator, so the store has not happened when the rest is too dear: 2 units for the
  ;; store, and one for each of 98 constants, or of 99.
  (global $g (mut i32) (i32.const 0))
  (func (export "g") (result i32) (global.get $g))
  (func (export "just") (param i32)
    (global.set $g (local.get 0))
    i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop
    i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop
    i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop
    i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop
    i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop
    i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop
    i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop
    i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop
    i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop
    i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop
    i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop
    i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop
    i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop
    i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop)
  (func (export "dear") (param i32)
    (global.set $g (local.get 0))
    i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop
    i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop
    i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop
    i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop
    i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop
    i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop
    i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop
    i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop
    i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop
    i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop
    i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop
    i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop
    i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop
    i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop i32.const 0 drop
    i32.const 0 drop)
  ;; After a call a new segment starts: what is before it is paid and done.
  (func (export "call-then-loop") (param i32)
    (global.set $g (local.get 0))
    (call $print)
    (loop $l (br $l))))

(assert_return (invoke "count" (i32.const 12)) (i32.const 12))
(assert_trap (invoke "count" (i32.const 13)) "all fuel consumed by WebAssembly")
(assert_return (invoke "cells, then a loop" (i32.const 16)))
(assert_trap (invoke "cells, then a loop" (i32.const 17)) "all fuel consumed by WebAssembly")
(assert_trap (invoke "endless") "all fuel consumed by WebAssembly")
;; Each call costs 2 for the test and 4 for the next call; the last one costs 2: 16 calls are 98 units.
(assert_return (invoke "down" (i32.const 16)))
(assert_trap (invoke "down" (i32.const 17)) "all fuel consumed by WebAssembly")
(assert_return (invoke "fill" (i32.const 768)))
(assert_return (invoke "load" (i32.const 767)) (i32.const 1))
(assert_trap (invoke "fill" (i32.const 769)) "all fuel consumed by WebAssembly")
(assert_return (invoke "load" (i32.const 768)) (i32.const 0))
;; Bounds are tested before the fuel.
(assert_trap (invoke "fill-far" (i32.const 100000)) "out of bounds memory access")
(assert_return (invoke "table-fill" (i32.const 96)))
(assert_trap (invoke "table-fill" (i32.const 97)) "all fuel consumed by WebAssembly")
(assert_trap (invoke "table-fill" (i32.const 301)) "out of bounds table access")
(assert_return (invoke "free"))
(assert_trap (invoke "dear" (i32.const 7)) "all fuel consumed by WebAssembly")
(assert_return (invoke "g") (i32.const 0))
(assert_return (invoke "just" (i32.const 6)))
(assert_return (invoke "g") (i32.const 6))
(assert_trap (invoke "call-then-loop" (i32.const 8)) "all fuel consumed by WebAssembly")
(assert_return (invoke "g") (i32.const 8))
