(module
  (func (param i32 i32) (result i32) (local i32 i32)
    i32.const 4 local.set 2
    block $out
      local.get 0
      if
        i32.const 5 local.set 2
        local.get 1 br_if $out
        i32.const 6 local.set 3
      end
      loop $again
        local.get 0 local.get 3 i32.sub local.tee 0
        br_if $again
      end
      local.get 3 local.set 2
    end
    local.get 2 local.get 0 i32.sub))
