;; Values that stay in locals, go home, are constants or are fused; code that is not reached; a C++ name.
(module
  (import "env" "log" (func $log (param i32)))
  (memory 1)
  (func $_ZN3foo3barEi (export "bar") (param $x i32) (param $n i32) (result i32) (local $v v128) (local $i i32)
    local.get $x
    block $out
      local.get $n
      i32.eqz
      br_if $out
      i32.const 10
      local.set $x
      loop $again
        local.get $i
        i32.const 1
        i32.add
        local.tee $i
        local.get $n
        i32.lt_s
        br_if $again
      end
      local.get $i
      call $log
      i32.const 5
      return
      i32.const 4
      drop
    end
    i32.const 4
    i32.load offset=8
    i32.add)
  (func $_ZN4core3fmt5write17h0123456789abcdefE (param i64) (result i64)
    local.get 0 i64.const 1 i64.div_u))

;; $ prova inspect values.wat
;; 3 functions
;; index  bytes    at  name              type, import, exports
;;     0               log               [i32] -> []  import env::log
;;     1     51  0x3e  foo::bar(int)     [i32 i32] -> [i32]  export "bar"
;;     2      7  0x72  core::fmt::write  [i64] -> [i64]
;; $ prova inspect values.wat --function bar
;; proved: func1 foo::bar(int) [i32 i32] -> [i32]
;; symbol _ZN3foo3barEi
;; export "bar"
;; 51 bytes of WebAssembly at 0x3e, 25 words of bytecode
;; a frame of 8 cells, which charges 128 bytes
;; metering: none
;;
;; slots
;;   slots   use                                                  type  name
;;   s0      parameter 0                                          i32   x
;;   s1      parameter 1                                          i32   n
;;   s2..s3  local 2                                              v128  v
;;   s4      local 3                                              i32   i
;;   s5..s7  homes of the operand stack's cells, from the bottom
;;
;; labels (every local is in its slot)
;;   at                      word  frozen below
;;   end 0x69 of block 0x45  @17   s6
;;   loop 0x50               @6    s6
;;
;; code
;;   offset  word  code                                           stack, or slots written
;;     0x43        local.get 0 ;; x                               [v1@local 0]
;;     0x45        block ;; label = @1                            [v1@s5]
;;              0        copy s5 <- s0                            s5 = v1
;;     0x47          local.get 1 ;; n                             [v1@s5, v2@local 1]
;;     0x49          i32.eqz                                      [v1@s5, v3@-]
;;     0x4a          br_if 0 (;@1;)                               [v1@s5]
;;              2        br_if_not s1 -> @17
;;     0x4c          i32.const 10                                 [v1@s5, 10]
;;     0x4e          local.set 0 ;; x                             [v1@s5]
;;              4        const32 s0 <- 10                         s0 = 10
;;     0x50          loop ;; label = @2                           [v1@s5]
;;     0x52            local.get 3 ;; i                           [v1@s5, v5@local 3]
;;     0x54            i32.const 1                                [v1@s5, v5@local 3, 1]
;;     0x56            i32.add                                    [v1@s5, v7@-]
;;     0x57            local.tee 3 ;; i                           [v1@s5, v7@-]
;;     0x59            local.get 1 ;; n                           [v1@s5, v7@-, v8@local 1]
;;     0x5b            i32.lt_s                                   [v1@s5, v9@-]
;;     0x5c            br_if 0 (;@2;)                             [v1@s5]
;;              6        i32.add_imm_br_lt_s s4 <- s4 1 s1 -> @6  s4 = v7
;;     0x5e          end                                          [v1@s5]
;;     0x5f          local.get 3 ;; i                             [v1@s5, v7@local 3]
;;     0x61          call 0 ;; log                                [v1@s5]
;;              9        copy s6 <- acc                           s6 = v7
;;             11        call_import s6.. func0                   effect #1
;;     0x63          i32.const 5                                  [v1@s5, 5]
;;     0x65          return
;;             13        const32 s6 <- 5                          s6 = 5
;;             15        return1 acc
;;     0x66          i32.const 4                                  unreachable
;;     0x68          drop                                         unreachable
;;     0x69        end                                            [v1@s5]
;;     0x6a        i32.const 4                                    [v1@s5, 4]
;;     0x6c        i32.load offset=8                              [v1@s5, v12@-]
;;             17        const32 acc <- 4                         s65536 = 4
;;             19        i32.load acc <- acc +8                   s65536 = v12, effect #2
;;     0x6f        i32.add                                        [v13@s5]
;;             21        i32.add s5 <- s5 acc                     s5 = v13
;;     0x70        end
;;             23        return1 acc
;;
;; values
;;   v1 = param 0
;;   v2 = param 1
;;   v3 = i32.eq(v2, 0)
;;   v5 = phi(0x50, s4)
;;   v7 = i32.add(v5, 1)
;;   v8 = phi(0x50, s1)
;;   v9 = i32.lt_s(v7, v8)
;;   v12 = i32.load#2
;;   v13 = i32.add(v12, v1)
;; $ prova inspect values.wat --function fmt::write -W fuel=100
;; proved: func2 core::fmt::write [i64] -> [i64]
;; symbol _ZN4core3fmt5write17h0123456789abcdefE
;; 7 bytes of WebAssembly at 0x72, 6 words of bytecode
;; a frame of 3 cells, which charges 88 bytes
;; metering: fuel
;;
;; slots
;;   slots   use                                                  type
;;   s0      parameter 0                                          i64
;;   s1..s2  homes of the operand stack's cells, from the bottom
;;
;; code
;;   offset  word  code                            stack, or slots written
;;     0x73        local.get 0                     [v1@local 0]
;;              0        charge 3                  effect #1
;;     0x75        i64.const 1                     [v1@local 0, 1]
;;     0x77        i64.div_u                       [v3@s1]
;;              2        i64.div_u_imm s1 <- s0 1  s1 = v3, effect #2
;;     0x78        end
;;              4        return1 acc
;;
;; values
;;   v1 = param 0
;;   v3 = i64.div_u(v1, 1)
;; $ prova inspect values.wat --function core::fmt::write --json
;; {
;;   "schema": 2,
;;   "kind": "function",
;;   "verdict": "proved",
;;   "title": "func2 core::fmt::write [i64] -> [i64]",
;;   "body": {
;;     "end": 121,
;;     "start": 114
;;   },
;;   "code": [
;;     {
;;       "depth": 0,
;;       "offset": 115,
;;       "reachable": true,
;;       "side": "wasm",
;;       "stack": {
;;         "height": 1,
;;         "top": [
;;           {
;;             "local": 0,
;;             "place": "local",
;;             "position": 0,
;;             "slot": 1,
;;             "value": "v1"
;;           }
;;         ]
;;       },
;;       "text": "local.get 0"
;;     },
;;     {
;;       "depth": 0,
;;       "offset": 117,
;;       "reachable": true,
;;       "side": "wasm",
;;       "stack": {
;;         "height": 2,
;;         "top": [
;;           {
;;             "local": 0,
;;             "place": "local",
;;             "position": 0,
;;             "slot": 1,
;;             "value": "v1"
;;           },
;;           {
;;             "place": "constant",
;;             "position": 1,
;;             "slot": 2,
;;             "value": "1"
;;           }
;;         ]
;;       },
;;       "text": "i64.const 1"
;;     },
;;     {
;;       "depth": 0,
;;       "offset": 119,
;;       "reachable": true,
;;       "side": "wasm",
;;       "stack": {
;;         "height": 1,
;;         "top": [
;;           {
;;             "place": "home",
;;             "position": 0,
;;             "slot": 1,
;;             "value": "v3"
;;           }
;;         ]
;;       },
;;       "text": "i64.div_u"
;;     },
;;     {
;;       "checked": true,
;;       "effect": 1,
;;       "offset": 119,
;;       "side": "code",
;;       "text": "i64.div_u_imm s1 <- s0 1",
;;       "word": 0,
;;       "writes": [
;;         {
;;           "slot": 1,
;;           "value": "v3"
;;         }
;;       ]
;;     },
;;     {
;;       "depth": 0,
;;       "offset": 120,
;;       "reachable": true,
;;       "side": "wasm",
;;       "text": "end"
;;     },
;;     {
;;       "checked": true,
;;       "offset": 120,
;;       "side": "code",
;;       "text": "return1 acc",
;;       "word": 2,
;;       "writes": []
;;     }
;;   ],
;;   "demangled": "core::fmt::write",
;;   "exports": [],
;;   "frame": {
;;     "cells": 3,
;;     "charge_bytes": 88,
;;     "local_cells": 1,
;;     "param_cells": 1,
;;     "result_cells": 1,
;;     "words": 4
;;   },
;;   "handlers": [],
;;   "index": 2,
;;   "labels": [],
;;   "name": "_ZN4core3fmt5write17h0123456789abcdefE",
;;   "settings": {
;;     "deterministic": false,
;;     "metering": "none"
;;   },
;;   "slots": [
;;     {
;;       "first": 0,
;;       "last": 0,
;;       "local": 0,
;;       "role": "parameter",
;;       "type": "i64"
;;     },
;;     {
;;       "first": 1,
;;       "last": 2,
;;       "role": "home"
;;     }
;;   ],
;;   "type": "[i64] -> [i64]",
;;   "values": [
;;     {
;;       "args": [],
;;       "operator": "param 0",
;;       "value": "v1"
;;     },
;;     {
;;       "args": [
;;         "v1",
;;         "1"
;;       ],
;;       "operator": "i64.div_u",
;;       "value": "v3"
;;     }
;;   ],
;;   "evidence": [
;;     "symbol _ZN4core3fmt5write17h0123456789abcdefE",
;;     "7 bytes of WebAssembly at 0x72, 4 words of bytecode",
;;     "a frame of 3 cells, which charges 88 bytes",
;;     "metering: none"
;;   ],
;;   "children": [
;;     {
;;       "title": "slots",
;;       "tables": [
;;         {
;;           "caption": "",
;;           "columns": [
;;             {
;;               "name": "slots",
;;               "align": "left"
;;             },
;;             {
;;               "name": "use",
;;               "align": "left"
;;             },
;;             {
;;               "name": "type",
;;               "align": "left"
;;             },
;;             {
;;               "name": "name",
;;               "align": "left"
;;             }
;;           ],
;;           "rows": [
;;             {
;;               "cells": [
;;                 "s0",
;;                 "parameter 0",
;;                 "i64",
;;                 ""
;;               ],
;;               "mark": "none"
;;             },
;;             {
;;               "cells": [
;;                 "s1..s2",
;;                 "homes of the operand stack's cells, from the bottom",
;;                 "",
;;                 ""
;;               ],
;;               "mark": "none"
;;             }
;;           ]
;;         }
;;       ]
;;     },
;;     {
;;       "title": "code",
;;       "tables": [
;;         {
;;           "caption": "",
;;           "columns": [
;;             {
;;               "name": "offset",
;;               "align": "right"
;;             },
;;             {
;;               "name": "word",
;;               "align": "right"
;;             },
;;             {
;;               "name": "code",
;;               "align": "left"
;;             },
;;             {
;;               "name": "stack, or slots written",
;;               "align": "left"
;;             }
;;           ],
;;           "rows": [
;;             {
;;               "cells": [
;;                 "0x73",
;;                 "",
;;                 "local.get 0",
;;                 "[v1@local 0]"
;;               ],
;;               "mark": "none"
;;             },
;;             {
;;               "cells": [
;;                 "0x75",
;;                 "",
;;                 "i64.const 1",
;;                 "[v1@local 0, 1]"
;;               ],
;;               "mark": "none"
;;             },
;;             {
;;               "cells": [
;;                 "0x77",
;;                 "",
;;                 "i64.div_u",
;;                 "[v3@s1]"
;;               ],
;;               "mark": "none"
;;             },
;;             {
;;               "cells": [
;;                 "",
;;                 "0",
;;                 "      i64.div_u_imm s1 <- s0 1",
;;                 "s1 = v3, effect #1"
;;               ],
;;               "mark": "none"
;;             },
;;             {
;;               "cells": [
;;                 "0x78",
;;                 "",
;;                 "end",
;;                 ""
;;               ],
;;               "mark": "none"
;;             },
;;             {
;;               "cells": [
;;                 "",
;;                 "2",
;;                 "      return1 acc",
;;                 ""
;;               ],
;;               "mark": "none"
;;             }
;;           ]
;;         }
;;       ]
;;     },
;;     {
;;       "title": "values",
;;       "evidence": [
;;         "v1 = param 0",
;;         "v3 = i64.div_u(v1, 1)"
;;       ]
;;     }
;;   ]
;; }
