(module
  (global $g (mut i64) (i64.const 0))
  ;; A local that only one arm writes, one that both write alike, one that nobody reads.
  (func (param i32 i64) (result i64) (local i64 i64 i64)
    (if (local.get 0)
      (then (local.set 2 (i64.const 5)) (local.set 3 (local.get 1)) (local.set 4 (i64.const 6)))
      (else (local.set 3 (local.get 1))))
    (i64.add (local.get 2) (local.get 3)))
  ;; A read before a write, and `tee`.
  (func (param i32) (result i32)
    (local.get 0)
    (local.set 0 (i32.const 1))
    (i32.sub (local.tee 0 (i32.const 2)))
    (i32.add (local.get 0)))
  ;; Nested loops: a parameter in each.
  (func (param i32) (result i32) (local i32)
    (loop $a
      (loop $b
        (local.set 1 (i32.add (local.get 1) (i32.const 1)))
        (br_if $b (local.get 0)))
      (br_if $a (local.get 0)))
    (local.get 1))
  (func (global.set $g (i64.add (global.get $g) (i64.const 1)))))
;; ssa
ssa func0
block0 entry @0x2f (v0: i32 local0, v1: i64 local1)
  v2: i64 = i64.const bits=0x0 @0x2f
  branch v0 block1() block2() @0x31
block1 then1 @0x31 ()
  v3: i64 = i64.const bits=0x5 @0x33
  v4: i64 = i64.const bits=0x6 @0x3b
  jump block3(v3) @0x3f
block2 else1 @0x3f ()
  jump block3(v2) @0x44
block3 label1 @0x44 (v5: i64 local2)
  v6: i64 = i64.add v5 v1 @0x49
  return v6 @0x4a
ssa func1
block0 entry @0x4d (v0: i32 local0)
  v1: i32 = i32.const bits=0x1 @0x4f
  v2: i32 = i32.const bits=0x2 @0x53
  v3: i32 = i32.sub v0 v2 @0x57
  v4: i32 = i32.add v3 v2 @0x5a
  return v4 @0x5b
ssa func2
block0 entry @0x60 (v0: i32 local0)
  v1: i32 = i32.const bits=0x0 @0x60
  jump block1(v1) @0x60
block1 label1 @0x60 (v2: i32 local1)
  jump block2(v2) @0x62
block2 label2 @0x62 (v3: i32 local1)
  v4: i32 = i32.const bits=0x1 @0x66
  v5: i32 = i32.add v3 v4 @0x68
  branch v0 block2(v5) block3() @0x6d
block3 after @0x6d ()
  branch v0 block1(v5) block4() @0x72
block4 after @0x72 ()
  return v5 @0x77
ssa func3
block0 entry @0x7a ()
  v0: i64 = global.get global=0 @0x7a
  v1: i64 = i64.const bits=0x1 @0x7c
  v2: i64 = i64.add v0 v1 @0x7e
  global.set global=0 v2 @0x7f
  return @0x81
