;; Memory 0 with 32-bit addresses and a 16-bit offset has near forms, everything else far forms; floats are bits.
(module
  (memory 1)
  (memory i64 1)
  (func (param i32 f64) (result i32)
    (f64.store offset=8 (local.get 0) (local.get 1))
    (i32.load offset=65535 (local.get 0)))
  (func (param i32) (result i32)
    (i32.load offset=65536 (local.get 0)))
  (func (param i64) (result f32)
    (f32.load 1 offset=4 (local.get 0)))
  (func (param i32)
    (i32.store8 (local.get 0) (i32.const 1)))
  (func (param i32 i64)
    (memory.copy 0 1 (local.get 0) (local.get 1) (i32.const 8))
    (memory.fill 1 (local.get 1) (i32.const 2) (local.get 1)))
  (func (param i32) (result i32 i32)
    (memory.grow (local.get 0))
    (local.set 0)
    (local.get 0)
    (memory.size)))
;; code
;; func0
;;     0: i64.store s0 s1 +8
;;     2: i32.load s2 <- s0 +65535
;;     4: return1 acc
;; func1
;;     0: i32.load s1 <- s0 +65536
;;     2: return1 acc
;; func2
;;     0: i32.load_far s1 <- s0 +4 mem1
;;     4: return1 acc
;; func3
;;     0: i32.store8_imm s0 1 +0
;;     2: return
;; func4
;;     0: const32 s4 <- 8
;;     2: memory.copy s0 s1 s4 mem0 mem1
;;     5: const32 s3 <- 2
;;     7: memory.fill s1 s3 s1 mem1
;;    10: return
;; func5
;;     0: memory.grow s0 <- s0 mem0
;;     2: memory.size s2 <- mem0
;;     4: return2 s0 s2
