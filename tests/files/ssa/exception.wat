(module
  (tag $e (param i32 i64))
  (func $f (param i32) (result i32) (local.get 0))
  ;; A local that is written between two calls; one handler for both.
  (func (param i32) (result i32) (local i32)
    (block $caught (result i32 i64)
      (block $all (result exnref)
        (try_table (catch $e $caught) (catch_all_ref $all)
          (local.set 1 (call $f (local.get 0)))
          (drop (call $f (local.get 1))))
        (return (i32.const 0)))
      (throw_ref))
    (drop)
    (i32.add (local.get 1)))
  ;; An inner handler that does not catch all goes on to the outer one.
  (func (param i32)
    (block $outer
      (try_table (catch_all $outer)
        (block $inner (result i32 i64)
          (try_table (catch $e $inner)
            (throw $e (local.get 0) (i64.const 1)))
          (unreachable))
        (drop) (drop))))
  ;; No call, no handler.
  (func (result i32)
    (block $never
      (try_table (catch_all $never) (return (i32.const 1))))
    (i32.const 2)))
;; ssa
ssa func0
block0 entry @0x33 (v0: i32 local0)
  return v0 @0x35
ssa func1
block0 entry @0x3a (v0: i32 local0)
  v1: i32 = i32.const bits=0x0 @0x3a
  invoke call func=0 v0 block1(p0) block3(v1) @0x48
block1 after @0x48 (v2: i32)
  invoke call func=0 v2 block2(p0) block3(v2) @0x4e
block2 after @0x4e (v3: i32)
  v4: i32 = i32.const bits=0x0 @0x52
  return v4 @0x54
block3 handler3 @0x3e (v5: i32 local1)
  catch tag0 block5(p0, p1) all ref block4(p0) @0x51
block4 label2 @0x55 (v6: (ref null exn) stack0)
  throw throw_ref v6 @0x56
block5 label1 @0x57 (v7: i32 stack0, v8: i64 stack1)
  v9: i32 = i32.add v7 v5 @0x5b
  return v9 @0x5c
ssa func2
block0 entry @0x5f (v0: i32 local0)
  v1: i64 = i64.const bits=0x1 @0x70
  throw throw tag=0 v0 v1 block1() @0x72
block1 handler4 @0x68 ()
  catch tag0 block2(p0, p1) outer block3() @0x74
block2 label3 @0x76 (v2: i32 stack0, v3: i64 stack1)
  jump block4() @0x7a
block3 handler2 @0x61 ()
  catch all block4() @0x79
block4 label1 @0x7a ()
  return @0x7b
ssa func3
block0 entry @0x7e ()
  v0: i32 = i32.const bits=0x1 @0x85
  return v0 @0x87
