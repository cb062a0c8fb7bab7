;; Vectors take two cells.
(module
  (func $sum (param v128 v128) (result v128)
    local.get 0 local.get 1 i32x4.add
    v128.const i32x4 1 2 3 4 i32x4.mul)
  (func $wide (param i64 i64) (result i64 i64)
    local.get 0 local.get 1 i64.mul_wide_u)
  (func $float (param f32 f32) (result f32)
    local.get 0 local.get 1 f32.add))

;; $ prova inspect vector.wat --function sum
;; proved: func0 sum [v128 v128] -> [v128]
;; 30 bytes of WebAssembly at 0x28, 11 words of bytecode
;; a frame of 8 cells, which charges 128 bytes
;; metering: none
;;
;; slots
;;   slots   use                                                  type
;;   s0..s1  parameter 0                                          v128
;;   s2..s3  parameter 1                                          v128
;;   s4..s7  homes of the operand stack's cells, from the bottom
;;
;; code
;;   offset  word  code                                                          stack, or slots written
;;     0x29        local.get 0                                                   [v1@local 0]
;;     0x2b        local.get 1                                                   [v1@local 0, v2@local 1]
;;     0x2d        i32x4.add                                                     [v3@s4]
;;              0        i32x4.add s4:2 <- s0:2 s2:2                             s4 = v3
;;     0x30        v128.const i32x4 0x00000001 0x00000002 0x00000003 0x00000004  [v3@s4, 0x00000004000000030000000200000001@s6]
;;              2        const128 s6:2 <- 0x00000004000000030000000200000001     s6 = 0x00000004000000030000000200000001
;;     0x42        i32x4.mul                                                     [v5@s4]
;;              6        i32x4.mul s4:2 <- s4:2 s6:2                             s4 = v5
;;     0x45        end
;;              8        copy_v128 s0:2 <- s4:2                                  s0 = v5
;;             10        return
;;
;; values
;;   v1 = param 0
;;   v2 = param 1
;;   v3 = i32x4.add(v1, v2)
;;   v5 = i32x4.mul(v3, 0x00000004000000030000000200000001)
;; $ prova inspect vector.wat --function wide
;; proved: func1 wide [i64 i64] -> [i64 i64]
;; 8 bytes of WebAssembly at 0x47, 4 words of bytecode
;; a frame of 4 cells, which charges 96 bytes
;; metering: none
;;
;; slots
;;   slots   use                                                  type
;;   s0      parameter 0                                          i64
;;   s1      parameter 1                                          i64
;;   s2..s3  homes of the operand stack's cells, from the bottom
;;
;; code
;;   offset  word  code                                 stack, or slots written
;;     0x48        local.get 0                          [v1@local 0]
;;     0x4a        local.get 1                          [v1@local 0, v2@local 1]
;;     0x4c        i64.mul_wide_u                       [v3@s2, v4@s3]
;;              0        i64.mul_wide_u s2 s3 <- s0 s1  s2 = v3, s3 = v4
;;     0x4e        end
;;              2        return2 s2 s3
;;
;; values
;;   v1 = param 0
;;   v2 = param 1
;;   v3 = i64.mul_wide_u(v1, v2)
;;   v4 = second(v3)
;; $ prova inspect vector.wat --function float --deterministic
;; proved: func2 float [f32 f32] -> [f32]
;; 7 bytes of WebAssembly at 0x50, 6 words of bytecode
;; a frame of 4 cells, which charges 96 bytes
;; metering: none, deterministic
;;
;; slots
;;   slots   use                                                  type
;;   s0      parameter 0                                          f32
;;   s1      parameter 1                                          f32
;;   s2..s3  homes of the operand stack's cells, from the bottom
;;
;; code
;;   offset  word  code                              stack, or slots written
;;     0x51        local.get 0                       [v1@local 0]
;;     0x53        local.get 1                       [v1@local 0, v2@local 1]
;;     0x55        f32.add                           [v3@s2]
;;              0        f32.add s2 <- s0 s1         s2 = v4
;;              2        f32.canonicalize s2 <- acc  s2 = v3
;;     0x56        end
;;              4        return1 s2
;;
;; values
;;   v1 = param 0
;;   v2 = param 1
;;   v3 = f32.canonicalize(v4)
;;   v4 = f32.add(v1, v2)
