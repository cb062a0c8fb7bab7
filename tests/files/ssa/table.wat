(module
  (table 1 funcref) (table $t i64 1 externref) (elem $e funcref (ref.func 0))
  (type $f (func (param i32)))
  (func (param i32 i64)
    (table.set 0 (local.get 0) (table.get 0 (i32.const 0)))
    (table.fill $t (local.get 1) (ref.null extern) (i64.const 1))
    (table.init 0 $e (local.get 0) (i32.const 0) (i32.const 1))
    (table.copy 0 0 (local.get 0) (i32.const 0) (i32.const 1))
    (elem.drop $e)
    (drop (table.grow $t (ref.null extern) (table.size $t)))
    (call_indirect (type $f) (i32.const 3) (local.get 0))))
;; ssa
ssa func0
block0 entry @0x2f (v0: i32 local0, v1: i64 local1)
  v2: i32 = i32.const bits=0x0 @0x31
  v3: (ref null func) = table.get table=0 v2 @0x33
  table.set table=0 v0 v3 @0x35
  v4: (ref null extern) = ref.null heap=extern @0x39
  v5: i64 = i64.const bits=0x1 @0x3b
  table.fill table=1 v1 v4 v5 @0x3d
  v6: i32 = i32.const bits=0x0 @0x42
  v7: i32 = i32.const bits=0x1 @0x44
  table.init elem=0 table=0 v0 v6 v7 @0x46
  v8: i32 = i32.const bits=0x0 @0x4c
  v9: i32 = i32.const bits=0x1 @0x4e
  table.copy table=0 table=0 v0 v8 v9 @0x50
  elem.drop elem=0 @0x54
  v10: (ref null extern) = ref.null heap=extern @0x57
  v11: i64 = table.size table=1 @0x59
  v12: i64 = table.grow table=1 v10 v11 @0x5c
  v13: i32 = i32.const bits=0x3 @0x60
  call_indirect type=0 table=0 v13 v0 @0x64
  return @0x67
