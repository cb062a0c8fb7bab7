;; Functions of other modules that compressors import and do not call.
(module
  (func (export "emnapi_is_node_binding_available") (result i32) unreachable)
  (func (export "napi_add_env_cleanup_hook") (param i32 i32 i32) (result i32) unreachable)
  (func (export "napi_remove_env_cleanup_hook") (param i32 i32 i32) (result i32) unreachable)
  (func (export "thread-spawn") (param i32) (result i32) unreachable))
