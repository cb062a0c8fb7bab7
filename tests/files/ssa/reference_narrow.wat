;; What is in a local may be of a narrower type than the local, and the builder learns it behind the
;; loop: the types without null follow what the value is.
(module
  (type $f (func))
  (elem declare func 0)
  (func (param i32) (local $l funcref)
    (local.set $l (ref.func 0))
    (loop $again
      (block $null
        (drop (br_on_null $null (br_on_null $null (local.get $l))))
        (drop (ref.as_non_null (ref.as_non_null (local.get $l)))))
      (block $some (result (ref func))
        (br_on_non_null $some (local.get $l))
        (ref.as_non_null (ref.null func)))
      drop
      (if (local.get 0) (then (local.set $l (local.get $l))))
      (br_if $again (local.get 0)))))
;; ssa
ssa func0
block0 entry @0x24 (v0: i32 local0)
  v1: (ref 1) = ref.func func=0 @0x24
  jump block1() @0x28
block1 label1 @0x28 ()
  null v1 block4() block2(p0) @0x2e
block2 after @0x2e (v2: (ref 1) stack0)
  null v2 block4() block3(p0) @0x30
block3 after @0x30 (v3: (ref 1) stack0)
  v4: (ref 1) = ref.as_non_null v1 @0x35
  v5: (ref 1) = ref.as_non_null v4 @0x36
  jump block4() @0x38
block4 label2 @0x38 ()
  null v1 block5() block6(p0) @0x3e
block5 after @0x3e ()
  v6: (ref null func) = ref.null heap=func @0x40
  v7: (ref func) = ref.as_non_null v6 @0x42
  jump block6(v7) @0x43
block6 label3 @0x43 (v8: (ref func) stack0)
  branch v0 block7() block8() @0x47
block7 then4 @0x47 ()
  jump block8() @0x4d
block8 label4 @0x4d ()
  branch v0 block1() block9() @0x50
block9 after @0x50 ()
  return @0x53
