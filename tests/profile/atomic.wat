;; D15: atomic operators on a memory that is not shared. Alignment is tested before bounds.
(module
  (memory 1)
  (func (export "add") (result i32 i32)
    (i32.atomic.rmw.add (i32.const 8) (i32.const 5)) (i32.atomic.load (i32.const 8)))
  (func (export "compare and exchange") (result i64 i64)
    (i64.atomic.rmw.cmpxchg (i32.const 16) (i64.const 0) (i64.const -2))
    (i64.atomic.rmw.cmpxchg (i32.const 16) (i64.const 0) (i64.const 3)))
  (func (export "notify") (result i32) (memory.atomic.notify (i32.const 8) (i32.const 9)))
  (func (export "wait") (result i32)
    (memory.atomic.wait32 (i32.const 8) (i32.const 5) (i64.const 0)))
  (func (export "unaligned, and out of bounds") (result i32) (i32.atomic.load (i32.const 65535)))
  (func (export "aligned, and out of bounds") (result i32) (i32.atomic.load (i32.const 65536))))
;;; > add: 0 5; fuel 5
;;; > compare and exchange: 0 -2; fuel 8
;;; > notify: 0; fuel 3
;;; > wait: wasm trap: atomic wait on non-shared memory at 0xd1; fuel 4
;;; > unaligned, and out of bounds: wasm trap: unaligned atomic at 0xdc; fuel 2
;;; > aligned, and out of bounds: wasm trap: out of bounds memory access at 0xe7; fuel 2
