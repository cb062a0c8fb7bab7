;; D15: a shared memory is refused.
(module (memory 1 1 shared) (func (export "good")))
;;; > refused: unsupported: unsupported: shared memories (at offset 0x15)
