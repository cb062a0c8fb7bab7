(module (memory i64 1)
  (func (export "load") (param i64) (result i32)
    (i32.load offset=0x20000 (local.get 0))))
