;; fuel 100
;; Each call starts with 100 units. What work costs besides operators: cells that are cleared or moved, calls of the host, growth,
;; the search for a handler. Computed by hand from docs/semantics.md, section Fuel. Each bound stands beside the first that is too dear.

(module
  (import "spectest" "print" (func $print))
  (memory $m 0 (pagesize 1))
  (tag $t) (tag $o)
  (type $eight (func (result i64 i64 i64 i64 i64 i64 i64 i64)))
  ;; 792 cells of locals are 99 units, the call of it is one; 800 cells are 100.
  (func $cells792 (local
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128))
  (func (export "792 cells") (call $cells792))
  (func $cells800 (local
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128))
  (func (export "800 cells") (call $cells800))
  ;; A parameter counts like a local: 800 cells, or 784.
  (func $param800 (param i64) (local
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 i64))
  (func (export "800 cells with a parameter") (param i64) (call $param800 (local.get 0)))
  (func $param784 (param i64) (local
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
      v128 v128 v128 v128 v128 v128 v128 i64))
  (func (export "784 cells with a parameter") (param i64) (call $param784 (local.get 0)))
  ;; Eight constants and a branch that takes them along: ten units.
  (func (export "10 branches")
    (block (type $eight) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (br 0)) drop drop drop drop drop drop drop drop
    (block (type $eight) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (br 0)) drop drop drop drop drop drop drop drop
    (block (type $eight) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (br 0)) drop drop drop drop drop drop drop drop
    (block (type $eight) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (br 0)) drop drop drop drop drop drop drop drop
    (block (type $eight) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (br 0)) drop drop drop drop drop drop drop drop
    (block (type $eight) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (br 0)) drop drop drop drop drop drop drop drop
    (block (type $eight) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (br 0)) drop drop drop drop drop drop drop drop
    (block (type $eight) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (br 0)) drop drop drop drop drop drop drop drop
    (block (type $eight) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (br 0)) drop drop drop drop drop drop drop drop
    (block (type $eight) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (br 0)) drop drop drop drop drop drop drop drop)
  (func (export "11 branches")
    (block (type $eight) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (br 0)) drop drop drop drop drop drop drop drop
    (block (type $eight) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (br 0)) drop drop drop drop drop drop drop drop
    (block (type $eight) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (br 0)) drop drop drop drop drop drop drop drop
    (block (type $eight) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (br 0)) drop drop drop drop drop drop drop drop
    (block (type $eight) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (br 0)) drop drop drop drop drop drop drop drop
    (block (type $eight) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (br 0)) drop drop drop drop drop drop drop drop
    (block (type $eight) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (br 0)) drop drop drop drop drop drop drop drop
    (block (type $eight) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (br 0)) drop drop drop drop drop drop drop drop
    (block (type $eight) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (br 0)) drop drop drop drop drop drop drop drop
    (block (type $eight) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (br 0)) drop drop drop drop drop drop drop drop
    (block (type $eight) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (br 0)) drop drop drop drop drop drop drop drop)
  ;; A call of the host: 33.
  (func (export "3 host calls") (call $print) (call $print) (call $print))
  (func (export "4 host calls") (call $print) (call $print) (call $print) (call $print))
  ;; Two operators, and one for each 64 bytes begun.
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "size") (result i32) (memory.size))
  ;; Two for the call, six for each frame, three for the throw in the last one; 16 for the throw's way, 1 for the clause, 8
  ;; for each frame left: 30 + 14 n.
  (func $down (param i32)
    (if (local.get 0)
      (then (call $down (i32.sub (local.get 0) (i32.const 1))))
      (else (throw $t))))
  (func (export "throw") (param i32)
    (block $out (try_table (catch $t $out) (call $down (local.get 0)))))
  ;; A throw, its way, and one for each clause.
  (func (export "83 clauses")
    (block $out (try_table (catch $t $out) (try_table
      (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out)
      (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out)
      (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out)
      (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out)
      (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out)
      (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out)
      (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out)
      (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out)
      (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out)
      (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out)
      (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out)
      (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out)
      (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out)
      (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out)
      (throw $t)))))
  (func (export "84 clauses")
    (block $out (try_table (catch $t $out) (try_table
      (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out)
      (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out)
      (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out)
      (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out)
      (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out)
      (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out)
      (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out)
      (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out)
      (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out)
      (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out)
      (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out)
      (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out)
      (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out)
      (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out) (catch $o $out)
      (throw $t)))))
  ;; What nothing catches leaves all frames, its own and this one too.
  (func (export "uncaught") (param i32) (call $down (local.get 0))))

(assert_return (invoke "792 cells"))
(assert_trap (invoke "800 cells") "all fuel consumed by WebAssembly")
(assert_return (invoke "784 cells with a parameter" (i64.const 1)))
(assert_trap (invoke "800 cells with a parameter" (i64.const 1)) "all fuel consumed by WebAssembly")
(assert_return (invoke "10 branches"))
(assert_trap (invoke "11 branches") "all fuel consumed by WebAssembly")
(assert_return (invoke "3 host calls"))
(assert_trap (invoke "4 host calls") "all fuel consumed by WebAssembly")
(assert_trap (invoke "grow" (i32.const 6273)) "all fuel consumed by WebAssembly")
(assert_return (invoke "size") (i32.const 0))
(assert_return (invoke "grow" (i32.const 6272)) (i32.const 0))
(assert_return (invoke "size") (i32.const 6272))
;; Growth that cannot be is not paid for.
(assert_return (invoke "grow" (i32.const -1)) (i32.const -1))
(assert_return (invoke "throw" (i32.const 5)))
(assert_trap (invoke "throw" (i32.const 6)) "all fuel consumed by WebAssembly")
(assert_return (invoke "83 clauses"))
(assert_trap (invoke "84 clauses") "all fuel consumed by WebAssembly")
;; 2 + 6 n + 3 + 16 + 8 (n + 2).
(assert_trap (invoke "uncaught" (i32.const 4)) "unhandled exception")
(assert_trap (invoke "uncaught" (i32.const 5)) "all fuel consumed by WebAssembly")
