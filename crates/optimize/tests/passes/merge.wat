(module (memory 1)
  (func (param i32 i32) (result i32)
    (block $a (result i32)
      (i32.store (local.get 0) (local.get 1))
      (br $a
        (block $b (result i32)
          (i32.store offset=8 (local.get 0) (local.get 1))
          (br $b (i32.load (local.get 0))))))))
