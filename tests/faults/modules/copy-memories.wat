(module (memory 100) (memory 1)
  (func (export "copy") (param i32 i32 i32)
    (memory.copy 1 1 (local.get 0) (local.get 1) (local.get 2))))
