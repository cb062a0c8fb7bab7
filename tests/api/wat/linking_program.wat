(module
  (import "library" "double" (func $double (param i32) (result i32)))
  (import "library" "print" (func $print (param i32 i32)))
  (import "library" "memory" (memory 1))
  (import "library" "free" (global $free i32))
  (func (export "run")
    (i32.store8 (global.get $free) (i32.add (i32.const 48) (call $double (i32.const 4))))
    (i32.store8 offset=1 (global.get $free) (i32.const 10))
    (call $print (global.get $free) (i32.const 2))))
