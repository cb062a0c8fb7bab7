(module
  (func (export "f") (param $a i32)
    (block $k (br $k))))
