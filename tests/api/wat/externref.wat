(module
  (table (export "table") 2 externref)
  (global (export "global") (mut externref) (ref.null extern))
  (func (export "same") (param externref) (result externref) (local.get 0)))
