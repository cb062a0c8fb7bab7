(module (tag $t) (tag $v (param i32)) (memory 1) (func $f)
  (func (param i32) (result i32) (local i32 i32 f64 v128 externref)
    ;; An `if` that is left by its second arm alone, and one by its first.
    local.get 0 if i32.const 5 local.set 1 i32.const 1 return else i32.const 6 local.set 2 end
    local.get 0 if i32.const 7 local.set 1 else i32.const 8 local.set 2 i32.const 1 return end
    local.get 1 local.get 2 i32.add)
  (func (param i32) (result i32) (local i32)
    ;; A handler that nothing throws to, and a label that only it leads to.
    block $only
      try_table (catch $t $only)
        local.get 0 return
      end
      unreachable
    end
    loop local.get 0 br_if 0 try_table (catch_all 0) nop end end
    i32.const 3 local.set 1
    local.get 1)
  (func (param i32) (result i32) (local i32)
    ;; A local that is written in a loop and the same on all ways back.
    i32.const 4 local.set 1
    loop
      local.get 1 drop
      local.get 0 if i32.const 2 local.set 1 local.get 1 return end
      local.get 0 br_if 0
    end
    local.get 1)
  (func (param i32 i32) (result i32) (local i32)
    ;; The same value on all edges of a join.
    block
      local.get 1 local.set 2
      local.get 0 br_if 0
      local.get 0 if local.get 1 local.set 2 end
    end
    local.get 2)
  (func (param i32) (result i32) (local i32 i32)
    ;; Handlers in loops, handlers of handlers, a throw that is caught in its own function.
    loop $again
      block $out (result i32)
        try_table (catch $v $out)
          block $in
            try_table (catch $t $in) (catch $t $again)
              call $f
              local.get 0 i32.const 1 i32.sub local.set 0
              call $f
              local.get 0 if local.get 1 throw $v else throw $t end
            end
          end
          local.get 0 local.set 1
          call $f
          br $again
        end
        unreachable
      end
      local.set 2
    end
    local.get 2 local.get 1 i32.add)
  (func (result i32) i32.const 0)
  (func (param i32) (result i32) (local i32)
    i32.const 0 local.get 1 i32.add
    block (param i32) (result i32 i32)
      i32.const 9 local.get 0 br_if 0
      loop (param i32 i32) (result i32 i32)
        i32.sub local.tee 1 local.get 0 local.get 1 br_if 0
      end
    end
    i32.sub))
