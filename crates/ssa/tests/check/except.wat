(module (tag $t (param i32 i64)) (tag $u) (type $r (func (result i32 i32)))
  (func $f (param i32) (result i32 i32) local.get 0 i32.const 0)
  (func (param i32) (result i32) (local i32)
    block $all (result exnref)
      block $one (result i32 i64)
        try_table (catch $t $one) (catch_all_ref $all)
          block $inner
            try_table (catch $u $inner)
              i32.const 5 local.set 1
              local.get 0 call $f i32.sub local.set 1
              local.get 1 call $f drop drop
              local.get 0 if throw $u end
            end
          end
          local.get 1 i64.const 4 throw $t
        end
        unreachable
      end
      drop
      local.get 1 i32.add
      return
    end
    throw_ref))
