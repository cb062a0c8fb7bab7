;; D9: a proposal that is not the profile's.
(module
  (type $s (struct (field i32)))
  (func (export "good") (result i32) (i32.const 1))
  (func (result (ref $s)) (struct.new $s (i32.const 1))))
;;; > good: 1; fuel 1
