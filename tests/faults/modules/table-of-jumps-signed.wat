(module
  (func (export "number") (param i32) (result i32)
    (block (block (block (block
      (br_table 0 1 2 3 (local.get 0)))
      (return (i32.const 11)))
      (return (i32.const 22)))
      (return (i32.const 33)))
    (i32.const 44)))
