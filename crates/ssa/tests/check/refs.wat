(module (type $t (func (param i32) (result i32))) (table 4 funcref) (table $tt 4 (ref null $t))
  (func $id (type $t) local.get 0)
  (elem declare func $id)
  (func (param (ref null $t) i32) (result i32)
    block $null
      local.get 0 br_on_null $null drop local.get 1
      i32.const 3 return_call_indirect (type $t) 
    end
    block $non (result (ref $t))
      local.get 0 br_on_non_null $non
      local.get 1 return
    end
    local.set 0 
    local.get 1 local.get 0 return_call_ref $t))
