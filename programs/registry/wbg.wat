;; A host of a module by wasm-bindgen with a shared memory, in which one thread runs: of JavaScript
;; there is one object, and it is the global one.
(module
  (memory (export "memory") 18 16384 shared)
  (func (export "__wbg_self_ce0dbfc45cf2f5be") (result i32) (i32.const 1))
  (func (export "__wbg_window_c6fb939a7f436783") (result i32) (i32.const 1))
  (func (export "__wbg_globalThis_d1e6af4856ba331b") (result i32) (i32.const 1))
  (func (export "__wbg_global_207b558942527489") (result i32) (i32.const 1))
  (func (export "__wbindgen_object_drop_ref") (param i32))
  (func (export "__wbindgen_object_clone_ref") (param $object i32) (result i32) (local.get $object))
  (func (export "__wbindgen_is_undefined") (param i32) (result i32) (i32.const 0))
  (func (export "__wbg_instanceof_Window_f401953a2cf86220") (param i32) (result i32) (i32.const 0))
  (func (export "__wbindgen_throw") (param i32 i32) unreachable)
  (func (export "__wbg_newnoargs_e258087cd0daa0ea") (param i32 i32) (result i32) unreachable)
  (func (export "__wbg_call_27c0f87801dedf93") (param i32 i32) (result i32) unreachable)
  (func (export "__wbindgen_module") (result i32) unreachable)
  (func (export "__wbindgen_memory") (result i32) unreachable)
  (func (export "__wbg_startWorkers_2ee336a9694dda13") (param i32 i32 i32) (result i32) unreachable))
