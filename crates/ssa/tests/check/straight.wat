(module (memory 1) (global $g (mut i32) (i32.const 0))
  (func $pair (param i32) (result i32 i64) local.get 0 i64.const 3)
  (func (param i32 i32 i64) (result i32) (local i32)
    local.get 0 local.get 1 i32.sub local.set 3
    local.get 3 local.get 0 i32.store offset=8
    local.get 0 i32.load offset=4 drop
    local.get 1 global.set $g
    local.get 0 call $pair local.set 2
    i32.const 7 i32.add
    local.get 2 i32.wrap_i64 i32.mul
    local.get 3 i32.div_s))
