(module (memory 1)
  (func (export "store") (param i32 v128) (v128.store offset=4 (local.get 0) (local.get 1))))
