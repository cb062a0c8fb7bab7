;; package example:words;
;;
;; interface host { seen: func(word: string) -> u32 }
;; interface text { join: func(words: list<string>) -> string; fail: func() }
;; world words { import host; export text }

(component
  (import "example:words/host" (instance $host
    (export "seen" (func (param "word" string) (result u32)))))
  (alias export $host "seen" (func $seen))

  ;; The memory, with an allocator that only ever moves forward.
  (core module $Memory
    (memory (export "memory") 1)
    (global $free (mut i32) (i32.const 16))
    (func (export "realloc")
      (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and
        (i32.add (global.get $free) (i32.sub (local.get $align) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $align))))
      (global.set $free (i32.add (local.get $at) (local.get $size)))
      (loop $more
        (if (i32.gt_u (global.get $free) (i32.mul (memory.size) (i32.const 65536)))
          (then
            (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable))
            (br $more))))
      (memory.copy (local.get $at) (local.get $old) (local.get $old_size))
      (local.get $at)))
  (core instance $memory (instantiate $Memory))
  (core func $seen (canon lower (func $seen) (memory (core memory $memory "memory"))))

  (core module $Text
    (import "memory" "memory" (memory 1))
    (import "memory" "realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
    (import "host" "seen" (func $seen (param i32 i32) (result i32)))

    ;; Tells the host of each word, and joins those to which it does not answer 0 with commas.
    (func (export "join") (param $words i32) (param $count i32) (result i32)
      (local $word i32) (local $size i32) (local $out i32) (local $end i32)
      (local.set $end (local.tee $out (call $realloc
        (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 4096))))
      (loop $next
        (if (local.get $count)
          (then
            (local.set $word (i32.load (local.get $words)))
            (local.set $size (i32.load offset=4 (local.get $words)))
            (if (call $seen (local.get $word) (local.get $size))
              (then
                (if (i32.ne (local.get $end) (local.get $out))
                  (then
                    (i32.store16 (local.get $end) (i32.const 0x202c))
                    (local.set $end (i32.add (local.get $end) (i32.const 2)))))
                (memory.copy (local.get $end) (local.get $word) (local.get $size))
                (local.set $end (i32.add (local.get $end) (local.get $size)))))
            (local.set $words (i32.add (local.get $words) (i32.const 8)))
            (local.set $count (i32.sub (local.get $count) (i32.const 1)))
            (br $next))))
      (i32.store (i32.const 0) (local.get $out))
      (i32.store (i32.const 4) (i32.sub (local.get $end) (local.get $out)))
      (i32.const 0))

    (func (export "fail") unreachable))
  (core instance $text (instantiate $Text
    (with "memory" (instance $memory))
    (with "host" (instance (export "seen" (func $seen))))))

  (func $join (param "words" (list string)) (result string)
    (canon lift (core func $text "join")
      (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (func $fail (canon lift (core func $text "fail")))
  (instance $out (export "join" (func $join)) (export "fail" (func $fail)))
  (export "example:words/text" (instance $out)))
