(module
  (import "" "f" (func $f))
  (memory 1)
  (func (export "load") (param i32) (result i32)
    (drop (i32.load (local.get 0)))
    (call $f)
    (i32.load (local.get 0))))
