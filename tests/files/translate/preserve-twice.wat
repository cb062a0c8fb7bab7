;; Two preservations in a row (wasmi#1057), and a preserved value that the next tee must not redirect (wasmi#1177).
;; run 0: -> 30
;; run 1: 4 -> 4 4
(module
  (func (result i32) (local $a i32) (local $b i32)
    i32.const 10
    local.set $a
    i32.const 20
    local.set $b
    local.get $b
    local.get $a
    i32.const 10
    local.set $a
    local.tee $b
    i32.add)
  (func (param $x i32) (result i32 i32)
    local.get $x
    local.get $x
    block (param i32 i32) (result i32 i32)
      local.tee $x
      block (param i32 i32) (result i32 i32)
        drop
        drop
        local.get $x
        local.get $x
        br 1
      end
    end))
;; code
;; func0
;;     0: const32 s0 <- 10
;;     2: const32 s1 <- 20
;;     4: copy s3 <- s0
;;     6: const32 s0 <- 10
;;     8: copy s2 <- s1
;;    10: copy s1 <- s3
;;    12: i32.add s2 <- s2 s3
;;    14: return1 acc
;; func1
;;     0: copy2 s1 s2 <- s0 s0
;;     2: br -> @4
;;     4: return2 s1 s2
