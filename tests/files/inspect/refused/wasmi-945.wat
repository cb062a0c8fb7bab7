(module (func (export "f") (param i32 i32) (result i32)
  local.get 0
  block
    local.get 1
    br_if 0
    i32.const 10
    local.set 0
  end))
