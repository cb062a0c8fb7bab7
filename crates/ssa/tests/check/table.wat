(module
  (func (param i32 i32) (result i32)
    block $a (result i32) block $b (result i32) block $c (result i32)
      local.get 1 local.get 0 br_table $a $b $a $c $b
    end i32.const 1 i32.add
    end i32.const 2 i32.mul
    end))
