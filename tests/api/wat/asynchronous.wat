(module
  (import "host" "nap" (func $nap (param i32)))
  ;; Naps of one millisecond; the number of them.
  (func (export "run") (param $naps i32) (result i32) (local $slept i32)
    (block $end
      (loop $again
        (br_if $end (i32.eq (local.get $slept) (local.get $naps)))
        (call $nap (i32.const 1))
        (local.set $slept (i32.add (local.get $slept) (i32.const 1)))
        (br $again)))
    (local.get $slept)))
