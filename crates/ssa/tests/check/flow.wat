(module
  (func (param i32 i32) (result i32) (local i32 i64)
    block $out (result i32)
      loop $top (param) 
        local.get 0 i32.eqz
        if
          local.get 1 br $out
        end
        local.get 2 local.get 0 i32.add local.set 2
        local.get 0 i32.const 1 i32.sub local.set 0
        local.get 0 i32.const 5 i32.gt_u br_if $top
        local.get 2 i32.const 9 i32.lt_s
        if (result i32) i32.const 1 else i32.const 2 end
        local.get 0 br_if $out
        drop
        br $top
      end
      unreachable
    end
    local.get 0 i32.add))
