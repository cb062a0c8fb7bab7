(module (memory 1)
  (data $d "some bytes")
  (func (export "init") (param i32 i32 i32)
    (memory.init $d (local.get 0) (local.get 1) (local.get 2))))
