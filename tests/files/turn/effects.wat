(module
  (import "m" "next" (func $next (result i32)))
  (import "m" "see" (func $see (param i32)))
  (func (local $x i32)
    (loop $l
      (local.set $x (call $next))
      (if (local.get $x)
        (then (call $see (local.get $x)) (br $l))))
    (call $see (local.get $x))))
;; ssa
ssa func2
block0 entry @0x35 ()
  jump block1() @0x35
block1 label1 @0x35 ()
  v0: i32 = call func=0 @0x37
  branch v0 block2() block3() @0x3d
block2 then2 @0x3d ()
  call func=1 v0 @0x41
  jump block1() @0x43
block3 label2 @0x45 ()
  call func=1 v0 @0x49
  return @0x4b
;; becomes
ssa func2
block0 entry @0x35 ()
  jump block1() @0x35
block1 label1 @0x35 ()
  v0: i32 = call func=0 @0x37
  branch v0 block2(v0) block4(v0) @0x3d
block2 then2 @0x3d (v1: i32)
  call func=1 v1 @0x41
  jump block3() @0x43
block3 label1 @0x35 ()
  v2: i32 = call func=0 @0x37
  branch v2 block2(v2) block4(v2) @0x3d
block4 label2 @0x45 (v3: i32)
  call func=1 v3 @0x49
  return @0x4b
