(module
  (func (export "shuffle") (param v128) (result v128)
    (i8x16.shuffle 3 17 0 31 8 9 1 2 20 4 5 6 7 30 21 10 (local.get 0) (local.get 0))))
