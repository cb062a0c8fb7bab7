;; A loop in a `try_table`, with a local that it reads and does not write, and that the handler's
;; label reads: the header's parameter for it comes to the handler too.
(module
  (import "m" "f" (func $f (param i32)))
  (tag $t)
  (func (param $n i32) (result i32) (local $k i32) (local $i i32)
    (local.set $k (i32.mul (local.get $n) (i32.const 3)))
    (block $h
      (try_table (catch $t $h)
        (loop $more
          (call $f (local.get $k))
          (local.set $i (i32.add (local.get $i) (local.get $k)))
          (br_if $more (i32.lt_u (local.get $i) (i32.const 100)))))
      (return (local.get $i)))
    (i32.add (local.get $k) (local.get $i))))
