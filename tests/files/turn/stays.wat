(module
  (memory 1)
  (func (param $n i32)
    (loop $l
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $l (local.get $n))))
  (func (param $x f64)
    (block $out
      (loop $l
        (br_if $out (f64.lt (local.get $x) (f64.const 1)))
        (local.set $x (f64.mul (local.get $x) (f64.const 0.5)))
        (br $l))))
  (func (param $n i32)
    (block $out
      (loop $l
        (br_if $out (local.get $n))
        (local.set $n (i32.load (local.get $n)))
        (br $l))))
  (func (param $n i32)
    (loop $l
      (if (i32.eqz (local.get $n)) (then (local.set $n (i32.const 8))) (else (local.set $n (i32.const 9))))
      (i32.store (local.get $n) (local.get $n))
      (br $l)))
  (func (param $n i32)
    (block $out
      (loop $l
        (i32.store (i32.const 0) (local.get $n))
        (i32.store (i32.const 8) (local.get $n))
        (i32.store (i32.const 16) (local.get $n))
        (i32.store (i32.const 24) (local.get $n))
        (br_if $out (i32.eqz (local.get $n)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $l)))))
;; ssa
ssa func0
block0 entry @0x26 (v0: i32 local0)
  jump block1(v0) @0x26
block1 label1 @0x26 (v1: i32 local0)
  v2: i32 = i32.const bits=0x1 @0x2a
  v3: i32 = i32.sub v1 v2 @0x2c
  branch v3 block1(v3) block2() @0x31
block2 after @0x31 ()
  return @0x34
;; stays
ssa func1
block0 entry @0x37 (v0: f64 local0)
  jump block1(v0) @0x39
block1 label2 @0x39 (v1: f64 local0)
  v2: f64 = f64.const bits=0x3ff0000000000000 @0x3d
  v3: i32 = f64.lt v1 v2 @0x46
  branch v3 block3() block2() @0x47
block2 after @0x47 ()
  v4: f64 = f64.const bits=0x3fe0000000000000 @0x4b
  v5: f64 = f64.mul v1 v4 @0x54
  jump block1(v5) @0x57
block3 label1 @0x5a ()
  return @0x5b
;; stays
ssa func2
block0 entry @0x5e (v0: i32 local0)
  jump block1(v0) @0x60
block1 label2 @0x60 (v1: i32 local0)
  branch v1 block3() block2() @0x64
block2 after @0x64 ()
  v2: i32 = i32.load memory=0 offset=0 align=2 lane=0 v1 @0x68
  jump block1(v2) @0x6d
block3 label1 @0x70 ()
  return @0x71
;; stays
ssa func3
block0 entry @0x74 (v0: i32 local0)
  jump block1(v0) @0x74
block1 label1 @0x74 (v1: i32 local0)
  v2: i32 = i32.eqz v1 @0x78
  branch v1 block3() block2() @0x79
block2 then2 @0x79 ()
  v3: i32 = i32.const bits=0x8 @0x7b
  jump block4(v3) @0x7f
block3 else2 @0x7f ()
  v4: i32 = i32.const bits=0x9 @0x80
  jump block4(v4) @0x84
block4 label2 @0x84 (v5: i32 local0)
  i32.store memory=0 offset=0 align=2 lane=0 v5 v5 @0x89
  jump block1(v5) @0x8c
;; stays
ssa func4
block0 entry @0x92 (v0: i32 local0)
  jump block1(v0) @0x94
block1 label2 @0x94 (v1: i32 local0)
  v2: i32 = i32.const bits=0x0 @0x96
  i32.store memory=0 offset=0 align=2 lane=0 v2 v1 @0x9a
  v3: i32 = i32.const bits=0x8 @0x9d
  i32.store memory=0 offset=0 align=2 lane=0 v3 v1 @0xa1
  v4: i32 = i32.const bits=0x10 @0xa4
  i32.store memory=0 offset=0 align=2 lane=0 v4 v1 @0xa8
  v5: i32 = i32.const bits=0x18 @0xab
  i32.store memory=0 offset=0 align=2 lane=0 v5 v1 @0xaf
  v6: i32 = i32.eqz v1 @0xb4
  branch v1 block2() block3() @0xb5
block2 after @0xb5 ()
  v7: i32 = i32.const bits=0x1 @0xb9
  v8: i32 = i32.sub v1 v7 @0xbb
  jump block1(v8) @0xbe
block3 label1 @0xc1 ()
  return @0xc2
;; stays
