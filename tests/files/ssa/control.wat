;; settings: fuel epoch
(module
  (func (param i32) (result i32) (local i32)
    (block $out (result i32)
      (loop $again
        (local.set 1 (i32.add (local.get 1) (local.get 0)))
        (br_if $again (i32.lt_u (local.get 1) (i32.const 9))))
      (br_if $out (local.get 1) (local.get 0))
      (br_table 0 1 0 (local.get 1))))
  (func (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.const 1))
      (else (return (i32.const 2)))))
  (func (param i32) (if (local.get 0) (then (unreachable))))
  (type $f (func (param i32) (result i32)))
  (func (param i32) (result i32) (return_call 0 (local.get 0)))
  (func (param (ref null $f)) (result i32)
    (block $null
      (return (call_ref $f (i32.const 1) (br_on_null $null (local.get 0)))))
    (i32.const 0))
  (func (param (ref null $f)) (result i32)
    (i32.const 1)
    (block $some (result (ref $f))
      (br_on_non_null $some (local.get 0))
      (return (i32.const 0)))
    (return_call_ref $f)))
;; ssa
ssa func0 fuel epoch
block0 entry @0x2a (v0: i32 local0)
  v1: i32 = i32.const bits=0x0 @0x2a
  poll @0x2a
  jump block1(v1) @0x2c
block1 label2 @0x2c (v2: i32 local1)
  poll @0x2e
  charge bits=0x8 @0x2e
  v3: i32 = i32.add v2 v0 @0x32
  v4: i32 = i32.const bits=0x9 @0x37
  v5: i32 = i32.lt_u v3 v4 @0x39
  branch v5 block1(v3) block2() @0x3a
block2 after @0x3a ()
  charge bits=0x3 @0x3c
  branch v0 block4(v3) block3() @0x41
block3 after @0x41 ()
  charge bits=0x2 @0x43
  table v3 block4(v3) block5(v3) [0 1 0] @0x45
block4 label1 @0x4a (v6: i32 stack0)
  return v6 @0x4b
block5 label0 @0x4b (v7: i32 stack0)
  return v7 @0x4b
ssa func1 fuel epoch
block0 entry @0x4e (v0: i32 local0)
  poll @0x4e
  charge bits=0x2 @0x4e
  branch v0 block1() block2() @0x50
block1 then1 @0x50 ()
  charge bits=0x1 @0x52
  v1: i32 = i32.const bits=0x1 @0x52
  jump block3(v1) @0x54
block2 else1 @0x54 ()
  charge bits=0x1 @0x55
  v2: i32 = i32.const bits=0x2 @0x55
  return v2 @0x57
block3 label1 @0x58 (v3: i32 stack0)
  return v3 @0x59
ssa func2 fuel epoch
block0 entry @0x5c (v0: i32 local0)
  poll @0x5c
  charge bits=0x2 @0x5c
  branch v0 block1() block2() @0x5e
block1 then1 @0x5e ()
  unreachable @0x60
block2 label1 @0x61 ()
  return @0x62
ssa func3 fuel epoch
block0 entry @0x65 (v0: i32 local0)
  poll @0x65
  charge bits=0x2 @0x65
  tail return_call func=0 v0 @0x67
ssa func4 fuel epoch
block0 entry @0x6c (v0: (ref null 0) local0)
  poll @0x6c
  charge bits=0x3 @0x6c
  v1: i32 = i32.const bits=0x1 @0x6e
  null v0 block2() block1(p0) @0x72
block1 after @0x72 (v2: (ref 0) stack1)
  charge bits=0x1 @0x74
  v3: i32 = call_ref type=0 v1 v2 @0x74
  return v3 @0x76
block2 label1 @0x77 ()
  charge bits=0x1 @0x78
  v4: i32 = i32.const bits=0x0 @0x78
  return v4 @0x7a
ssa func5 fuel epoch
block0 entry @0x7d (v0: (ref null 0) local0)
  poll @0x7d
  charge bits=0x3 @0x7d
  v1: i32 = i32.const bits=0x1 @0x7d
  null v0 block1() block2(p0) @0x84
block1 after @0x84 ()
  charge bits=0x1 @0x86
  v2: i32 = i32.const bits=0x0 @0x86
  return v2 @0x88
block2 label1 @0x89 (v3: (ref 0) stack1)
  charge bits=0x1 @0x8a
  tail return_call_ref type=0 v1 v3 @0x8a
