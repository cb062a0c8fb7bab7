;; A value that was computed before an if is still there after it (wasmi#1869).
;; run 0: 1 -> 0
;; run 0: 0 -> 0
(module
  (global $g0 (mut i32) (i32.const 42))
  (global $g1 (mut i32) (i32.const 43))
  (func (param i32) (result i32)
    global.get $g0
    local.get 0
    if
      global.get $g1
      drop
    end))
;; code
;; func0
;;     0: global.get s1 <- global0
;;     2: br_if_not s0 -> @6
;;     4: global.get s2 <- global1
;;     6: return1 s1
