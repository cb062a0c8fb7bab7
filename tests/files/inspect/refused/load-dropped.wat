(module (memory 1) (func (export "f") (param i32 i32)
  local.get 0
  i32.load
  drop))
