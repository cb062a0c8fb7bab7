;;; fuel 100
;; D5: fuel is counted on the WebAssembly. What runs out does so at the first operator of its
;; segment, of which nothing has happened, and keeps what is left.
(module
  (global $turns (mut i32) (i32.const 0))
  (func (export "nothing"))
  (func (export "free operators") nop (block (loop (block nop))) (drop (i32.const 1)) return)
  (func (export "one and two") (result v128 v128)
    (f32x4.add (v128.const f32x4 1 1 1 1) (v128.const f32x4 1 1 1 1))
    (f32x4.div (v128.const f32x4 1 1 1 1) (v128.const f32x4 2 2 2 2)))
  (func (export "both ways of an if") (result i32)
    (if (result i32) (i32.const 1) (then (i32.const 1)) (else (i32.const 2) (drop) (i32.const 3))))
  (func (export "a loop without end")
    (loop (global.set $turns (i32.add (global.get $turns) (i32.const 1))) (br 0)))
  (func (export "its turns") (result i32) (global.get $turns))
  (func (export "a call") (call $eight))
  (func $eight (local i64 i64 i64 i64 i64 i64 i64 i64))
  (func (export "what no pass removes") (result i32)
    (drop (i32.mul (i32.const 3) (i32.const 4))) (drop (global.get $turns)) (i32.const 1))
  (func (export "a segment that is too dear")
    (global.set $turns (i32.const -1))
    (block
      (br_if 0 (i32.const 0))
      (global.set $turns (i32.const -2))
      (drop (i32.add (i32.const 1) (i32.add (i32.const 1) (i32.add (i32.const 1) (i32.add (i32.const
      1) (i32.add (i32.const 1) (i32.add (i32.const 1) (i32.add (i32.const 1) (i32.add (i32.const 1)
      (i32.add (i32.const 1) (i32.add (i32.const 1) (i32.add (i32.const 1) (i32.add (i32.const 1)
      (i32.add (i32.const 1) (i32.add (i32.const 1) (i32.add (i32.const 1) (i32.add (i32.const 1)
      (i32.add (i32.const 1) (i32.add (i32.const 1) (i32.add (i32.const 1) (i32.add (i32.const 1)
      (i32.add (i32.const 1) (i32.add (i32.const 1) (i32.add (i32.const 1) (i32.add (i32.const 1)
      (i32.add (i32.const 1) (i32.add (i32.const 1) (i32.add (i32.const 1) (i32.add (i32.const 1)
      (i32.add (i32.const 1) (i32.add (i32.const 1) (i32.add (i32.const 1) (i32.add (i32.const 1)
      (i32.add (i32.const 1) (i32.add (i32.const 1) (i32.add (i32.const 1) (i32.add (i32.const 1)
      (i32.add (i32.const 1) (i32.add (i32.const 1) (i32.add (i32.const 1) (i32.add (i32.const 1)
      (i32.add (i32.const 1) (i32.add (i32.const 1) (i32.add (i32.const 1) (i32.add (i32.const 1)
      (i32.add (i32.const 1) (i32.add (i32.const 1) (i32.add (i32.const 1) (i32.add (i32.const 1)
      (i32.add (i32.const 1) (i32.add (i32.const 1) (i32.const
      1))))))))))))))))))))))))))))))))))))))))))))))))))))))
  (func (export "has done nothing") (result i32) (global.get $turns)))
;;; > nothing: ; fuel 0
;;; > free operators: ; fuel 1
;;; > one and two: 0x40000000400000004000000040000000 0x3f0000003f0000003f0000003f000000; fuel 7
;;; > both ways of an if: 1; fuel 3
;;; > a loop without end: wasm trap: all fuel consumed by WebAssembly at 0x15e; fuel 100
;;; > its turns: 20; fuel 1
;;; > a call: ; fuel 2
;;; > what no pass removes: 1; fuel 5
;;; > a segment that is too dear: wasm trap: all fuel consumed by WebAssembly at 0x193; fuel 4
;;; > has done nothing: -1; fuel 1
