;;; fuel 1100
;; D6: bulk operators, growth and throws pay by what they move, when their bounds are tested.
(module
  (tag $tag (param i64))
  (memory 1)
  (table $t 100 funcref)
  (func (export "fill 8,000 bytes") (memory.fill (i32.const 0) (i32.const 1) (i32.const 8000)))
  (func (export "fill 8,001 bytes") (memory.fill (i32.const 0) (i32.const 1) (i32.const 8001)))
  (func (export "fill 9,000 bytes") (memory.fill (i32.const 0) (i32.const 2) (i32.const 9000)))
  (func (export "which were not filled") (result i32) (i32.load8_u (i32.const 0)))
  (func (export "fill beyond the end") (memory.fill (i32.const 65530) (i32.const 1) (i32.const 8000)))
  (func (export "copy") (memory.copy (i32.const 1) (i32.const 0) (i32.const 100)))
  (func (export "fill a table") (table.fill $t (i32.const 0) (ref.null func) (i32.const 100)))
  (func (export "grow by a page") (result i32) (memory.grow (i32.const 1)))
  (func (export "grow by two pages") (result i32) (memory.grow (i32.const 2)))
  (func (export "which are not there") (result i32) (memory.size))
  (func (export "grow beyond all") (result i32) (memory.grow (i32.const -1)))
  (func $throw (throw $tag (i64.const 7)))
  (func (export "a throw that is caught two frames out") (result i64)
    (block $caught (result i64) (try_table (catch $tag $caught) (call $throw)) (i64.const 0)))
  (func (export "a throw that nothing catches") (call $throw)))
;;; > fill 8,000 bytes: ; fuel 1004
;;; > fill 8,001 bytes: ; fuel 1005
;;; > fill 9,000 bytes: wasm trap: all fuel consumed by WebAssembly at 0x178; fuel 4
;;; > which were not filled: 1; fuel 2
;;; > fill beyond the end: wasm trap: out of bounds memory access at 0x18f; fuel 4
;;; > copy: ; fuel 17
;;; > fill a table: ; fuel 104
;;; > grow by a page: 1; fuel 1026
;;; > grow by two pages: wasm trap: all fuel consumed by WebAssembly at 0x1b9; fuel 2
;;; > which are not there: 2; fuel 1
;;; > grow beyond all: -1; fuel 2
;;; > a throw that is caught two frames out: 7; fuel 28
;;; > a throw that nothing catches: wasm trap: unhandled exception at 0x1cc; fuel 35
