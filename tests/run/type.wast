;; Recursion groups, subtypes, and what compares types: indirect calls, calls of references, imports.

;; A call by a type takes functions of its subtypes; a call by a subtype takes none of the supertype.
(module
  (rec (type $super (sub (func (result i32)))) (type $sub (sub final $super (func (result i32)))))
  (type $other (func (result i32)))
  (func $a (type $super) (i32.const 1))
  (func $b (type $sub) (i32.const 2))
  (func $c (type $other) (i32.const 3))
  (table $t funcref (elem $a $b $c))
  (func (export "by-super") (param i32) (result i32)
    (call_indirect (type $super) (local.get 0)))
  (func (export "by-sub") (param i32) (result i32)
    (call_indirect (type $sub) (local.get 0)))
  (func (export "by-other") (param i32) (result i32)
    (call_indirect (type $other) (local.get 0)))
  (func (export "tail-by-super") (param i32) (result i32)
    (return_call_indirect (type $super) (local.get 0)))
  (func (export "tail-by-sub") (param i32) (result i32)
    (return_call_indirect (type $sub) (local.get 0)))
  (elem declare func $a $b)
  (func $reference (param (ref null $super)) (result i32) (call_ref $super (local.get 0)))
  (func $tail (param (ref $super)) (result i32) (return_call_ref $super (local.get 0)))
  (func (export "ref-super") (result i32) (call $reference (ref.func $a)))
  (func (export "ref-sub") (result i32) (call $reference (ref.func $b)))
  (func (export "ref-null") (result i32) (call $reference (ref.null $sub)))
  (func (export "tail-ref-sub") (result i32) (call $tail (ref.func $b))))

(assert_return (invoke "by-super" (i32.const 0)) (i32.const 1))
(assert_return (invoke "by-super" (i32.const 1)) (i32.const 2))
(assert_trap (invoke "by-super" (i32.const 2)) "indirect call type mismatch")
(assert_trap (invoke "by-super" (i32.const 3)) "undefined element")
(assert_trap (invoke "by-sub" (i32.const 0)) "indirect call type mismatch")
(assert_return (invoke "by-sub" (i32.const 1)) (i32.const 2))
(assert_trap (invoke "by-other" (i32.const 0)) "indirect call type mismatch")
(assert_trap (invoke "by-other" (i32.const 1)) "indirect call type mismatch")
(assert_return (invoke "by-other" (i32.const 2)) (i32.const 3))
(assert_return (invoke "tail-by-super" (i32.const 1)) (i32.const 2))
(assert_trap (invoke "tail-by-sub" (i32.const 0)) "indirect call type mismatch")
(assert_return (invoke "ref-super") (i32.const 1))
(assert_return (invoke "ref-sub") (i32.const 2))
(assert_trap (invoke "ref-null") "null function reference")
(assert_return (invoke "tail-ref-sub") (i32.const 2))

;; Final is not open, and a subtype says which type it extends.
(assert_invalid
  (module (type $t (func)) (type (sub $t (func))))
  "sub type cannot have a final super type")
(assert_invalid
  (module (type $t (sub (func))) (type (sub $t (func (param i32)))))
  "sub type must match super type")
(assert_invalid
  (module (type $a (sub (func))) (type $b (sub $a (func))) (func (param (ref $a)) (result (ref $b))
    (local.get 0)))
  "type mismatch")
(assert_invalid (module (type (sub 1 (func))) (type (sub (func)))) "unknown type 1")

;; Between modules: the same group in another place is equal; in another order, with another
;; finality, or alone it is not.
(module $m
  (type (func (param f64)))
  (rec (type $a (sub (func))) (type $b (sub $a (func (param) (result)))) (type $c (func (param (ref $b)))))
  (func (export "a") (type $a))
  (func (export "b") (type $b))
  (func (export "c") (type $c)))
(register "m" $m)
(module
  (rec (type $a (sub (func))) (type $b (sub $a (func))) (type $c (func (param (ref $b)))))
  (import "m" "a" (func (type $a)))
  (import "m" "b" (func (type $b)))
  (import "m" "b" (func (type $a)))
  (import "m" "c" (func (type $c))))
(assert_unlinkable
  (module
    (rec (type $a (sub (func))) (type $b (sub $a (func))) (type $c (func (param (ref $b)))))
    (import "m" "a" (func (type $b))))
  "incompatible import type")
(assert_unlinkable
  (module
    (rec (type $a (sub (func))) (type $b (sub $a (func))) (type $c (func (param (ref $a)))))
    (import "m" "a" (func (type $a))))
  "incompatible import type")
(assert_unlinkable
  (module
    (rec (type $a (sub (func))) (type $c (func (param (ref $b)))) (type $b (sub $a (func))))
    (import "m" "a" (func (type $a))))
  "incompatible import type")
(assert_unlinkable
  (module
    (rec (type $a (sub (func))) (type $b (sub final $a (func))) (type $c (func (param (ref $b)))))
    (import "m" "a" (func (type $a))))
  "incompatible import type")
(assert_unlinkable
  (module (type $a (sub (func))) (import "m" "a" (func (type $a))))
  "incompatible import type")
(assert_unlinkable
  (module (import "m" "a" (func)))
  "incompatible import type")

;; A module that imports a function of a subtype it does not have calls it, and gives it away.
(module $sub
  (type $a (sub (func (param i32) (result i32))))
  (type $b (sub $a (func (param i32) (result i32))))
  (table funcref (elem $own))
  (func $own (type $a) (i32.add (local.get 0) (i32.const 1)))
  (func (export "by-type") (type $b) (call_indirect (type $a) (local.get 0) (i32.const 0)))
  (func (export "plain") (type $b) (i32.add (local.get 0) (i32.const 2))))
(register "sub" $sub)
(module
  (type $a (sub (func (param i32) (result i32))))
  (import "sub" "by-type" (func $by-type (type $a)))
  (import "sub" "plain" (func $plain (type $a)))
  (export "again" (func $plain))
  (table funcref (elem $by-type $plain))
  (func (export "direct") (param i32) (result i32)
    (i32.mul (call $by-type (local.get 0)) (call $plain (local.get 0))))
  (func (export "indirect") (param i32 i32) (result i32)
    (call_indirect (type $a) (local.get 0) (local.get 1))))
(assert_return (invoke "direct" (i32.const 5)) (i32.const 42))
(assert_return (invoke "again" (i32.const 5)) (i32.const 7))
(assert_return (invoke "indirect" (i32.const 5) (i32.const 0)) (i32.const 6))
(assert_return (invoke "indirect" (i32.const 5) (i32.const 1)) (i32.const 7))
(assert_unlinkable
  (module
    (type $a (func (param i32) (result i32)))
    (import "sub" "plain" (func (type $a))))
  "incompatible import type")

;; Tables, tags and mutable globals are of the very type; a constant may be of a subtype.
(module $g
  (type $a (sub (func)))
  (type $b (sub $a (func)))
  (func $f (type $b))
  (global (export "const") (ref $b) (ref.func $f))
  (global (export "var") (mut (ref null $b)) (ref.null $b))
  (table (export "table") 1 (ref null $b))
  (tag (export "tag") (type $b)))
(register "g" $g)
(module
  (type $a (sub (func))) (type $b (sub $a (func)))
  (import "g" "const" (global (ref $a)))
  (import "g" "const" (global (ref null $a)))
  (import "g" "const" (global (ref func)))
  (import "g" "var" (global (mut (ref null $b))))
  (import "g" "table" (table 1 (ref null $b)))
  (import "g" "tag" (tag (type $b))))
(assert_unlinkable
  (module
    (type $a (sub (func))) (type $b (sub $a (func)))
    (import "g" "var" (global (mut (ref null $a)))))
  "incompatible import type")
(assert_unlinkable
  (module
    (type $a (sub (func))) (type $b (sub $a (func)))
    (import "g" "table" (table 1 (ref null $a))))
  "incompatible import type")
(assert_unlinkable
  (module
    (type $a (sub (func))) (type $b (sub $a (func)))
    (import "g" "tag" (tag (type $a))))
  "incompatible import type")

;; A chain of three: every function below is one of the type above.
(module
  (type $0 (sub (func (result i32))))
  (type $1 (sub $0 (func (result i32))))
  (type $2 (sub $1 (func (result i32))))
  (type $3 (sub final $2 (func (result i32))))
  (type $1b (sub final $0 (func (result i32))))
  (table funcref (elem $f0 $f1 $f2 $f3 $f1b))
  (func $f0 (type $0) (i32.const 0)) (func $f1 (type $1) (i32.const 1))
  (func $f2 (type $2) (i32.const 2)) (func $f3 (type $3) (i32.const 3))
  (func $f1b (type $1b) (i32.const 9))
  (func (export "0") (param i32) (result i32) (call_indirect (type $0) (local.get 0)))
  (func (export "1") (param i32) (result i32) (call_indirect (type $1) (local.get 0)))
  (func (export "3") (param i32) (result i32) (call_indirect (type $3) (local.get 0))))
(assert_return (invoke "0" (i32.const 3)) (i32.const 3))
(assert_return (invoke "0" (i32.const 4)) (i32.const 9))
(assert_return (invoke "1" (i32.const 3)) (i32.const 3))
(assert_trap (invoke "1" (i32.const 4)) "indirect call type mismatch")
(assert_trap (invoke "1" (i32.const 0)) "indirect call type mismatch")
(assert_return (invoke "3" (i32.const 3)) (i32.const 3))
(assert_trap (invoke "3" (i32.const 2)) "indirect call type mismatch")

;; Parameters are contravariant, results covariant.
(module
  (type $s (sub (struct)))
  (type $f (sub (func (param (ref null $s)) (result (ref null any)))))
  (type $g (sub $f (func (param (ref null struct)) (result (ref null none)))))
  (func $g (type $g) (ref.null none))
  (table funcref (elem $g))
  (func (export "call") (result (ref null any))
    (call_indirect (type $f) (ref.null $s) (i32.const 0))))
(assert_return (invoke "call") (ref.null any))
(assert_return (invoke "call") (ref.null none))
(assert_invalid
  (module
    (type $f (sub (func (param (ref null any)))))
    (type $g (sub $f (func (param (ref null struct))))))
  "sub type must match super type")

;; Types that only describe: structures, arrays, packed fields, in locals, tables, globals.
(module
  (rec (type $node (struct (field (mut i8)) (field (ref null $node)) (field (ref null $list))))
       (type $list (array (mut (ref null $node)))))
  (global $n (mut (ref null $node)) (ref.null $node))
  (global (export "any") anyref (ref.null any))
  (table $t 2 (ref null $list))
  (func (export "local") (param anyref) (result anyref)
    (local (ref null $list)) (local eqref)
    (local.set 1 (table.get $t (i32.const 1)))
    (global.set $n (ref.null none))
    (local.get 1))
  (func (export "is-null") (param (ref null $node)) (result i32) (ref.is_null (local.get 0)))
  (func (export "as") (param i31ref) (ref.as_non_null (local.get 0)) (drop))
  (func (export "select") (param i32) (result (ref null $node))
    (select (result (ref null $node)) (global.get $n) (ref.null none) (local.get 0)))
  (func (export "fill") (param (ref null $list)) (table.fill $t (i32.const 0) (local.get 0) (i32.const 2))))
(assert_return (invoke "local" (ref.null any)) (ref.null any))
(assert_return (invoke "is-null" (ref.null none)) (i32.const 1))
(assert_trap (invoke "as" (ref.null i31)) "null reference")
(assert_return (invoke "select" (i32.const 0)) (ref.null none))
(assert_return (invoke "fill" (ref.null array)))

;; A constant names a global before it, imported or not.
(module
  (global $a i32 (i32.const 7))
  (global (export "b") i32 (i32.add (global.get $a) (i32.const 1)))
  (table 10 funcref)
  (elem (global.get $a) $f)
  (memory 1)
  (data (global.get $a) "x")
  (func $f)
  (func (export "load") (result i32) (i32.load8_u (i32.const 7)))
  (func (export "call") (param i32) (call_indirect (local.get 0))))
(assert_return (get "b") (i32.const 8))
(assert_return (invoke "load") (i32.const 120))
(assert_return (invoke "call" (i32.const 7)))
(assert_trap (invoke "call" (i32.const 6)) "uninitialized element")
(assert_invalid
  (module (global i32 (global.get 1)) (global i32 (i32.const 1)))
  "unknown global")
