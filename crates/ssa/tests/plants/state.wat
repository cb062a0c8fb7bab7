(module (memory 1) (memory 1) (global $g (mut i32) (i32.const 5)) (global $h (mut i32) (i32.const 6))
  (func $effect)
  (func $pair (param i32) (result i32 i32) local.get 0 i32.const 3)
  (func (param i32 i32) (result i32) (local i32)
    local.get 0 i32.load local.set 2
    local.get 0 i32.const 7 i32.store
    local.get 0 local.get 1 i32.div_s
    local.get 1 i32.load 1 offset=4
    i32.sub
    global.get $g call $effect global.get $g i32.shl
    i32.add
    local.get 2 call $pair i32.sub
    local.get 0 local.get 1 local.get 2 select
    i32.shr_u
    i32.add))
