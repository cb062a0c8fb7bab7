(module (func (export "f") (param i32 i32) (result i32)
  local.get 0
  local.get 0
  local.get 1
  local.get 0
  i32.div_u
  local.set 0
  i32.add
  local.get 0
  i32.sub))
