;; Atomic operators on unshared memories; a fence has no instruction.
(module
  (memory 1)
  (func (param i32 i64) (result i64)
    (i32.atomic.store offset=4 (local.get 0) (i32.const 1))
    (atomic.fence)
    (i64.atomic.rmw.add offset=8 (local.get 0) (local.get 1))
    (drop)
    (i64.atomic.rmw8.cmpxchg_u (local.get 0) (i64.const 1) (local.get 1)))
  (func (param i32) (result i32)
    (memory.atomic.notify offset=4 (local.get 0) (i32.const 1))
    (memory.atomic.wait32 (local.get 0) (i32.const 0) (i64.const -1))
    (i32.add)))
;; code
;; func0
;;     0: const32 s3 <- 1
;;     2: i32.atomic.store s0 +4 mem0 s3
;;     6: atomic.fence
;;     7: i64.atomic.rmw.add s2 <- s0 +8 mem0 s1
;;    11: const64_s32 s3 <- 1
;;    13: i64.atomic.rmw8.cmpxchg_u s2 <- s0 +0 mem0 s3 s1
;;    17: return1 acc
;; func1
;;     0: const32 s2 <- 1
;;     2: memory.atomic.notify s1 <- s0 s2 +4 mem0
;;     6: const64_s32 s4 <- -1
;;     8: const32 s3 <- 0
;;    10: memory.atomic.wait32 s2 <- s0 s3 s4 +0 mem0
;;    14: i32.add s1 <- s1 s2
;;    16: return1 acc
