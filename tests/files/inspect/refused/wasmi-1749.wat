(module (func (export "f") (param i32 i32) (result i32)
  local.get 0
  loop
    local.get 1
    local.set 0
    local.get 1
    i32.const 0
    local.set 1
    br_if 0
  end))
