(module (import "" "f" (func $f))
  (func (export "call") (call $f)))
