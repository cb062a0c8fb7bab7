(module (memory 40000)
  (func (export "copy") (param i32)
    (memory.copy (i32.const 0x7ffffff8) (local.get 0) (i32.const 32))))
