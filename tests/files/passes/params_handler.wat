;; passes: params
;; A handler's parameter that every edge brings the same constant stays one: a handler has no
;; instructions. One that every edge brings the same value goes.
(module
  (tag $t (param i32))
  (func $f)
  (func (param i32) (result i32) (local i32 i32)
    (local.set 1 (i32.const 7))
    (local.set 2 (local.get 0))
    (block $h (result i32)
      (try_table (result i32) (catch $t $h)
        (call $f)
        (local.set 1 (i32.const 7))
        (local.set 2 (local.get 0))
        (call $f)
        (i32.const 1)))
    (i32.sub (i32.add (local.get 1) (local.get 2)))))
;; ssa
ssa func0
block0 entry @0x26 ()
  return @0x26
ssa func1
block0 entry @0x2b (v0: i32 local0)
  v1: i32 = i32.const bits=0x7 @0x2b
  invoke call func=0 block1() block3(v1) @0x3b
block1 after @0x3b ()
  v2: i32 = i32.const bits=0x7 @0x3d
  invoke call func=0 block2() block3(v2) @0x45
block2 after @0x45 ()
  v3: i32 = i32.const bits=0x1 @0x47
  jump block4(v3, v2) @0x4a
block3 handler2 @0x35 (v4: i32 local1)
  catch tag0 block4(p0, v4) @0x49
block4 label1 @0x4a (v5: i32 stack0, v6: i32 local1)
  v7: i32 = i32.add v6 v0 @0x4f
  v8: i32 = i32.sub v5 v7 @0x50
  return v8 @0x51
