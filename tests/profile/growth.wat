;;; memory 262144
;;; table 10
;; D3: growth gives -1 where the declared maximum (memory 1, table 1) or the store's limit (four
;; pages, ten elements) is passed, and nowhere else.
(module
  (memory 1)
  (memory 1 2)
  (memory i64 0)
  (table 1 funcref)
  (table 1 2 funcref)
  (func (export "to the store's limit") (result i32 i32 i32 i32)
    (memory.grow (i32.const 4)) (memory.grow (i32.const 3)) (memory.grow (i32.const 1)) (memory.size))
  (func (export "to the maximum") (result i32 i32 i32)
    (memory.grow 1 (i32.const 2)) (memory.grow 1 (i32.const 1)) (memory.grow 1 (i32.const 1)))
  (func (export "by nothing") (result i32 i32)
    (memory.grow (i32.const 0)) (memory.grow 1 (i32.const 0)))
  (func (export "beyond all numbers") (result i32 i64 i32)
    (memory.grow (i32.const -1))
    (memory.grow 2 (i64.const -1))
    (table.grow (ref.null func) (i32.const -1)))
  (func (export "tables") (result i32 i32 i32 i32 i32)
    (table.grow 0 (ref.null func) (i32.const 10))
    (table.grow 0 (ref.null func) (i32.const 9))
    (table.grow 1 (ref.null func) (i32.const 2))
    (table.grow 1 (ref.null func) (i32.const 1))
    (table.size 0)))
;;; > to the store's limit: -1 1 -1 4; fuel 3079
;;; > to the maximum: -1 1 -1; fuel 1030
;;; > by nothing: 4 2; fuel 4
;;; > beyond all numbers: -1 -1 -1; fuel 7
;;; > tables: -1 1 -1 1 10; fuel 23
