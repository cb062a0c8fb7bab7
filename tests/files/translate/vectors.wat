;; Vectors: two cells a value, lanes and shuffles as immediates, lane accesses in the far form only.
(module
  (memory 1)
  (func (param i32 v128) (result v128)
    (v128.load8_lane offset=3 7 (local.get 0) (local.get 1))
    (v128.load offset=16 (local.get 0))
    i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23)
  (func (param i32 v128) (result i32)
    (v128.store32_lane 1 (local.get 0) (local.get 1))
    (v128.store (local.get 0) (v128.const i64x2 1 2))
    (i16x8.extract_lane_s 3 (i16x8.replace_lane 3 (local.get 1) (local.get 0))))
  (func (param v128 v128 v128) (result v128)
    (f32x4.relaxed_madd (local.get 0) (local.get 1) (local.get 2))
    (i32x4.shl (i32.const 3))))
;; code
;; func0
;;     0: v128.load8_lane s3:2 <- s0 +3 mem0 s1:2 lane7
;;     4: v128.load s5:2 <- s0 +16
;;     6: i8x16.shuffle s3:2 <- s3:2 s5:2 0x17161514131211100706050403020100
;;    10: copy_v128 s0:2 <- s3:2
;;    12: return
;; func1
;;     0: v128.store32_lane s0 +0 mem0 s1:2 lane1
;;     4: const128 s4:2 <- 0x00000000000000020000000000000001
;;     8: v128.store s0 s4:2 +0
;;    10: i16x8.replace_lane s3:2 <- s1:2 s0 lane3
;;    12: i16x8.extract_lane_s s3 <- s3:2 lane3
;;    14: return1 acc
;; func2
;;     0: f32x4.relaxed_madd s6:2 <- s0:2 s2:2 s4:2
;;     2: const32 acc <- 3
;;     4: i32x4.shl s6:2 <- s6:2 acc
;;     6: copy_v128 s0:2 <- s6:2
;;     8: return
