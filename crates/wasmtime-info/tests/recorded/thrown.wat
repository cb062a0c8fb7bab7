(module
  (tag $error (param i32))
  (func $raise (param i32) (throw $error (local.get 0)))
  (func (export "caught") (param i32) (result i32)
    (block $handler (result i32)
      (try_table (catch $error $handler) (call $raise (local.get 0)))
      (i32.const 0))))
