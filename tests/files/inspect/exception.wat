;; Handlers: one that branches with a value and the reference, one that catches all, one that returns.
(module
  (tag $t (param i32))
  (func $may (param i32) (result i32)
    block $h (result i32 exnref)
      block $all
        try_table (result i32) (catch_ref $t $h) (catch_all $all)
          local.get 0
          throw $t
        end
        return
      end
      i32.const 1
      return
    end
    throw_ref)
  (func $returns (param i32) (result i32)
    try_table (result i32) (catch $t 0)
      local.get 0
      call $may
    end))

;; $ prova inspect exception.wat --function may
;; proved: func0 may [i32] -> [i32]
;; 26 bytes of WebAssembly at 0x27, 10 words of bytecode
;; a frame of 3 cells, which charges 88 bytes
;; metering: none
;;
;; slots
;;   slots   use                                                  type
;;   s0      parameter 0                                          i32
;;   s1..s2  homes of the operand stack's cells, from the bottom
;;
;; labels (every local is in its slot)
;;   at                      word  frozen below  values in
;;   end 0x3e of block 0x28  @8    s1            s1 s2
;;   end 0x3a of block 0x2a  @4    s1
;;
;; handlers
;;   words   exception            goes to  values in
;;   @0..@4  tag0 with reference  @8       s1..
;;   @0..@4  all                  @4       s1..
;;
;; code
;;   offset  word  code                                                          stack, or slots written
;;     0x28        block (type 2) (result i32 exnref) ;; label = @1              []
;;     0x2a          block ;; label = @2                                         []
;;     0x2c            try_table (result i32) (catch_ref 0 1 (;@1;)) (catch_all 0 (;@2;)) ;; label = @3  []
;;     0x34              local.get 0                                             [v1@local 0]
;;     0x36              throw 0 ;; t
;;              0        copy s1 <- s0                                           s1 = v1
;;              2        throw s1.. tag0                                         effect #1
;;     0x38            end                                                       unreachable
;;     0x39            return                                                    unreachable
;;     0x3a          end                                                         []
;;     0x3b          i32.const 1                                                 [1]
;;     0x3d          return
;;              4        const32 s1 <- 1                                         s1 = 1
;;              6        return1 acc
;;     0x3e        end                                                           [v3@s1, v4@s2]
;;     0x3f        throw_ref
;;              8        throw_ref s2                                            effect #2
;;     0x40        end                                                           unreachable
;;
;; values
;;   v1 = param 0
;;   v3 = phi(0x3e, s1)
;;   v4 = phi(0x3e, s2)
;; $ prova inspect exception.wat --function returns
;; proved: func1 returns [i32] -> [i32]
;; 13 bytes of WebAssembly at 0x42, 6 words of bytecode
;; a frame of 2 cells, which charges 80 bytes
;; metering: none
;;
;; slots
;;   slots  use                                                  type
;;   s0     parameter 0                                          i32
;;   s1     homes of the operand stack's cells, from the bottom
;;
;; handlers
;;   words   exception  goes to  values in
;;   @0..@4  tag0       return   s0..
;;
;; code
;;   offset  word  code                                              stack, or slots written
;;     0x43        try_table (result i32) (catch 0 0) ;; label = @1  []
;;     0x49          local.get 0                                     [v1@local 0]
;;     0x4b          call 0 ;; may                                   [v2@s1]
;;              0        copy s1 <- s0                               s1 = v1
;;              2        call s1.. func0                             s1 = v2, effect #1
;;     0x4d        end                                               [v2@s1]
;;     0x4e        end
;;              4        return1 s1
;;
;; values
;;   v1 = param 0
;;   v2 = call#1
;; $ prova inspect exception.wat --function returns --json
;; {
;;   "schema": 2,
;;   "kind": "function",
;;   "verdict": "proved",
;;   "title": "func1 returns [i32] -> [i32]",
;;   "body": {
;;     "end": 79,
;;     "start": 66
;;   },
;;   "code": [
;;     {
;;       "depth": 0,
;;       "offset": 67,
;;       "reachable": true,
;;       "side": "wasm",
;;       "stack": {
;;         "height": 0,
;;         "top": []
;;       },
;;       "text": "try_table (result i32) (catch 0 0) ;; label = @1"
;;     },
;;     {
;;       "depth": 1,
;;       "offset": 73,
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
;;       "depth": 1,
;;       "name": "may",
;;       "offset": 75,
;;       "reachable": true,
;;       "side": "wasm",
;;       "stack": {
;;         "height": 1,
;;         "top": [
;;           {
;;             "place": "home",
;;             "position": 0,
;;             "slot": 1,
;;             "value": "v2"
;;           }
;;         ]
;;       },
;;       "text": "call 0"
;;     },
;;     {
;;       "checked": true,
;;       "offset": 75,
;;       "side": "code",
;;       "text": "copy s1 <- s0",
;;       "word": 0,
;;       "writes": [
;;         {
;;           "slot": 1,
;;           "value": "v1"
;;         }
;;       ]
;;     },
;;     {
;;       "checked": true,
;;       "effect": 1,
;;       "offset": 75,
;;       "side": "code",
;;       "text": "call s1.. func0",
;;       "word": 2,
;;       "writes": [
;;         {
;;           "slot": 1,
;;           "value": "v2"
;;         }
;;       ]
;;     },
;;     {
;;       "depth": 0,
;;       "offset": 77,
;;       "reachable": true,
;;       "side": "wasm",
;;       "stack": {
;;         "height": 1,
;;         "top": [
;;           {
;;             "place": "home",
;;             "position": 0,
;;             "slot": 1,
;;             "value": "v2"
;;           }
;;         ]
;;       },
;;       "text": "end"
;;     },
;;     {
;;       "depth": 0,
;;       "offset": 78,
;;       "reachable": true,
;;       "side": "wasm",
;;       "text": "end"
;;     },
;;     {
;;       "checked": true,
;;       "offset": 78,
;;       "side": "code",
;;       "text": "return1 s1",
;;       "word": 4,
;;       "writes": []
;;     }
;;   ],
;;   "exports": [],
;;   "frame": {
;;     "cells": 2,
;;     "charge_bytes": 80,
;;     "local_cells": 1,
;;     "param_cells": 1,
;;     "result_cells": 1,
;;     "words": 6
;;   },
;;   "handlers": [
;;     {
;;       "end": 4,
;;       "slot": 0,
;;       "start": 0,
;;       "tag": 0,
;;       "with_ref": false
;;     }
;;   ],
;;   "index": 1,
;;   "labels": [],
;;   "name": "returns",
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
;;       "type": "i32"
;;     },
;;     {
;;       "first": 1,
;;       "last": 1,
;;       "role": "home"
;;     }
;;   ],
;;   "type": "[i32] -> [i32]",
;;   "values": [
;;     {
;;       "args": [],
;;       "operator": "param 0",
;;       "value": "v1"
;;     },
;;     {
;;       "args": [],
;;       "operator": "call#1",
;;       "value": "v2"
;;     }
;;   ],
;;   "evidence": [
;;     "13 bytes of WebAssembly at 0x42, 6 words of bytecode",
;;     "a frame of 2 cells, which charges 80 bytes",
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
;;                 "i32",
;;                 ""
;;               ],
;;               "mark": "none"
;;             },
;;             {
;;               "cells": [
;;                 "s1",
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
;;       "title": "handlers",
;;       "tables": [
;;         {
;;           "caption": "",
;;           "columns": [
;;             {
;;               "name": "words",
;;               "align": "left"
;;             },
;;             {
;;               "name": "exception",
;;               "align": "left"
;;             },
;;             {
;;               "name": "goes to",
;;               "align": "left"
;;             },
;;             {
;;               "name": "values in",
;;               "align": "left"
;;             }
;;           ],
;;           "rows": [
;;             {
;;               "cells": [
;;                 "@0..@4",
;;                 "tag0",
;;                 "return",
;;                 "s0.."
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
;;                 "0x43",
;;                 "",
;;                 "try_table (result i32) (catch 0 0) ;; label = @1",
;;                 "[]"
;;               ],
;;               "mark": "none"
;;             },
;;             {
;;               "cells": [
;;                 "0x49",
;;                 "",
;;                 "  local.get 0",
;;                 "[v1@local 0]"
;;               ],
;;               "mark": "none"
;;             },
;;             {
;;               "cells": [
;;                 "0x4b",
;;                 "",
;;                 "  call 0 ;; may",
;;                 "[v2@s1]"
;;               ],
;;               "mark": "none"
;;             },
;;             {
;;               "cells": [
;;                 "",
;;                 "0",
;;                 "      copy s1 <- s0",
;;                 "s1 = v1"
;;               ],
;;               "mark": "none"
;;             },
;;             {
;;               "cells": [
;;                 "",
;;                 "2",
;;                 "      call s1.. func0",
;;                 "s1 = v2, effect #1"
;;               ],
;;               "mark": "none"
;;             },
;;             {
;;               "cells": [
;;                 "0x4d",
;;                 "",
;;                 "end",
;;                 "[v2@s1]"
;;               ],
;;               "mark": "none"
;;             },
;;             {
;;               "cells": [
;;                 "0x4e",
;;                 "",
;;                 "end",
;;                 ""
;;               ],
;;               "mark": "none"
;;             },
;;             {
;;               "cells": [
;;                 "",
;;                 "4",
;;                 "      return1 s1",
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
;;         "v2 = call#1"
;;       ]
;;     }
;;   ]
;; }
