(module
  (memory (export "memory") 1 2)
  (data (i32.const 0x100) "\0a\0b\0c")
  (func (export "pages") (result i32) (memory.size))
  (func (export "peek") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "poke") (param i32 i32) (i32.store8 (local.get 0) (local.get 1))))
