(module
  (import "host" "greet" (func $greet))
  (func (export "greet_twice")
    (call $greet)
    (call $greet)))
