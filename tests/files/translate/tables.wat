;; Tables and references: operands in slots, in the order of the operator.
(module
  (table $t 4 funcref)
  (table $u i64 4 externref)
  (elem $e func $f)
  (func $f (param i32) (result i32)
    (table.set $t (local.get 0) (table.get $t (i32.const 1)))
    (ref.is_null (table.get $t (local.get 0))))
  (func (param externref i64) (result i64)
    (table.fill $u (i64.const 0) (local.get 0) (local.get 1))
    (table.grow $u (ref.null extern) (local.get 1)))
  (func (param i32)
    (table.init $t $e (local.get 0) (i32.const 0) (i32.const 1))
    (elem.drop $e)
    (table.copy $t $t (local.get 0) (i32.const 2) (i32.const 1)))
  (func (result funcref i32)
    (ref.func $f)
    (table.size $t)))
;; code
;; func0
;;     0: const32 s2 <- 1
;;     2: table.get s2 <- s2 table0
;;     4: table.set s0 s2 table0
;;     6: table.get s1 <- s0 table0
;;     8: ref.is_null s1 <- s1
;;    10: return1 acc
;; func1
;;     0: const64_s32 s2 <- 0
;;     2: table.fill s2 s0 s1 table1
;;     5: const64_s32 s2 <- 0
;;     7: table.grow s2 <- s2 s1 table1
;;    10: return1 s2
;; func2
;;     0: const32 s3 <- 1
;;     2: const32 s2 <- 0
;;     4: table.init s0 s2 s3 table0 elem0
;;     7: elem.drop elem0
;;     9: const32 s3 <- 1
;;    11: const32 s2 <- 2
;;    13: table.copy s0 s2 s3 table0 table0
;;    16: return
;; func3
;;     0: ref.func s0 <- func0
;;     2: table.size s1 <- table0
;;     4: return2 s0 s1
