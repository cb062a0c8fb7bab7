(module
  (import "env" "memory" (memory 1 1 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (func (export "spawns") (result i32) (call $spawn (i32.const 0)))
  (func (export "none") (result i32) (i32.const 5)))
