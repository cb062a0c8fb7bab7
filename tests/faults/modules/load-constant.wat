(module (memory 1)
  (func (export "load") (result i32)
    (i32.load offset=1000 (i32.const 65000))))
