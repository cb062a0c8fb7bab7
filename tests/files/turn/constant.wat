(module
  (memory 1)
  (func (param $n i64) (result i64) (local $c i64)
    (block $out
      (loop $l
        (local.set $c (i64.const 1000000007))
        (br_if $out (i64.le_s (local.get $n) (local.get $c)))
        (local.set $n (i64.sub (local.get $n) (local.get $c)))
        (br $l)))
    (i64.add (local.get $n) (local.get $c))))
;; ssa
ssa func0
block0 entry @0x20 (v0: i64 local0)
  jump block1(v0) @0x22
block1 label2 @0x22 (v1: i64 local0)
  v2: i64 = i64.const bits=0x3b9aca07 @0x24
  v3: i32 = i64.le_s v1 v2 @0x30
  branch v3 block3() block2() @0x31
block2 after @0x31 ()
  v4: i64 = i64.sub v1 v2 @0x37
  jump block1(v4) @0x3a
block3 label1 @0x3d ()
  v5: i64 = i64.add v1 v2 @0x42
  return v5 @0x43
;; becomes
ssa func0
block0 entry @0x20 (v0: i64 local0)
  jump block1(v0) @0x22
block1 label2 @0x22 (v1: i64 local0)
  v2: i64 = i64.const bits=0x3b9aca07 @0x24
  v3: i32 = i64.gt_s v1 v2 @0x30
  branch v3 block2(v1) block4(v1) @0x31
block2 after @0x31 (v4: i64)
  v5: i64 = i64.sub v4 v2 @0x37
  jump block3(v5) @0x3a
block3 label2 @0x22 (v6: i64 local0)
  v7: i64 = i64.const bits=0x3b9aca07 @0x24
  v8: i32 = i64.gt_s v6 v7 @0x30
  branch v8 block2(v6) block4(v6) @0x31
block4 label1 @0x3d (v9: i64)
  v10: i64 = i64.add v9 v2 @0x42
  return v10 @0x43
