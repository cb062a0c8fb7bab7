;; D13: what traps has written nothing, and bounds are tested whole.
(module
  (memory 1)
  (table $t 4 funcref)
  (elem $e func 0 0)
  (data $d "abcdefgh")
  (func $f)
  (func (export "an access across the end") (i64.store (i32.const 65532) (i64.const -1)))
  (func (export "has written nothing") (result i32) (i32.load (i32.const 65532)))
  (func (export "nor has a vector") (v128.store (i32.const 65521) (v128.const i64x2 -1 -1)))
  (func (export "nothing") (result i64) (i64.load (i32.const 65524)))
  (func (export "a fill across the end") (memory.fill (i32.const 65528) (i32.const 7) (i32.const 9)))
  (func (export "a copy across the end")
    (i64.store (i32.const 0) (i64.const -1)) (memory.copy (i32.const 65532) (i32.const 0) (i32.const 5)))
  (func (export "an init across the end") (memory.init $d (i32.const 65532) (i32.const 0) (i32.const 5)))
  (func (export "still nothing") (result i64) (i64.load (i32.const 65528)))
  (func (export "an address beyond 32 bits") (result i32) (i32.load offset=0xffffffff (i32.const -1)))
  (func (export "an init of a table across the end")
    (table.init $t $e (i32.const 3) (i32.const 0) (i32.const 2)))
  (func (export "nothing in the table") (result i32) (ref.is_null (table.get $t (i32.const 3))))
  (func (export "division by zero") (result i32) (i32.div_s (i32.const 1) (i32.const 0)))
  (func (export "division that overflows") (result i32) (i32.div_s (i32.const 0x80000000) (i32.const -1)))
  (func (export "a remainder that does not") (result i32) (i32.rem_s (i32.const 0x80000000) (i32.const -1)))
  (func (export "a conversion of NaN") (result i32) (i32.trunc_f32_s (f32.const nan)))
  (func (export "a conversion out of range") (result i64) (i64.trunc_f64_u (f64.const 0x1p64)))
  (func (export "an element beyond the table") (call_indirect (i32.const 4)))
  (func (export "an element that is null") (call_indirect (i32.const 0)))
  (func (export "unreachable") unreachable))
;;; > an access across the end: wasm trap: out of bounds memory access at 0x215; fuel 3
;;; > has written nothing: 0; fuel 2
;;; > nor has a vector: wasm trap: out of bounds memory access at 0x23b; fuel 3
;;; > nothing: 0; fuel 2
;;; > a fill across the end: wasm trap: out of bounds memory access at 0x254; fuel 4
;;; > a copy across the end: wasm trap: out of bounds memory access at 0x269; fuel 7
;;; > an init across the end: wasm trap: out of bounds memory access at 0x278; fuel 4
;;; > still nothing: 0; fuel 2
;;; > an address beyond 32 bits: wasm trap: out of bounds memory access at 0x28b; fuel 2
;;; > an init of a table across the end: wasm trap: undefined element: out of bounds table access at 0x29b; fuel 4
;;; > nothing in the table: 1; fuel 3
;;; > division by zero: wasm trap: integer divide by zero at 0x2ae; fuel 3
;;; > division that overflows: wasm trap: integer overflow at 0x2ba; fuel 3
;;; > a remainder that does not: 0; fuel 3
;;; > a conversion of NaN: wasm trap: invalid conversion to integer at 0x2cf; fuel 2
;;; > a conversion out of range: wasm trap: integer overflow at 0x2dc; fuel 2
;;; > an element beyond the table: wasm trap: undefined element: out of bounds table access at 0x2e2; fuel 2
;;; > an element that is null: wasm trap: uninitialized element at 0x2ea; fuel 2
;;; > unreachable: wasm trap: wasm `unreachable` instruction executed at 0x2f0; fuel 0
