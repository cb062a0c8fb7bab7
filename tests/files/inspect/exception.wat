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
;; func0 may [i32] -> [i32]
;;   26 bytes of WebAssembly at 0x27, 10 words of bytecode, proved
;;   a frame of 3 cells, which charges 88 bytes
;;   metering: none
;;
;; slots
;;   s0          parameter 0  i32
;;   s1..s2      homes of the operand stack's cells, from the bottom
;;
;; labels (every local is in its slot)
;;   end 0x3e of block 0x28 @8: frozen below s1, values in s1 s2
;;   end 0x3a of block 0x2a @4: frozen below s1
;;
;; handlers
;;   @0..@4: tag0 with reference -> @8, values in s1..
;;   @0..@4: all -> @4, values in s1..
;;
;; code
;;     0x28  block (type 2) (result i32 exnref) ;; label = @1  []
;;     0x2a    block ;; label = @2                     []
;;     0x2c      try_table (result i32) (catch_ref 0 1 (;@1;)) (catch_all 0 (;@2;)) ;; label = @3  []
;;     0x34        local.get 0                         [v1@local 0]
;;     0x36        throw 0 ;; t
;;               0: copy s1 <- s0                      s1 = v1
;;               2: throw s1.. tag0                    effect #1
;;     0x38      end                                   unreachable
;;     0x39      return                                unreachable
;;     0x3a    end                                     []
;;     0x3b    i32.const 1                             [1]
;;     0x3d    return
;;               4: const32 s1 <- 1                    s1 = 1
;;               6: return1 acc
;;     0x3e  end                                       [v3@s1, v4@s2]
;;     0x3f  throw_ref
;;               8: throw_ref s2                       effect #2
;;     0x40  end                                       unreachable
;;
;; values
;;   v1 = param 0
;;   v3 = phi(0x3e, s1)
;;   v4 = phi(0x3e, s2)
;; $ prova inspect exception.wat --function returns
;; func1 returns [i32] -> [i32]
;;   13 bytes of WebAssembly at 0x42, 6 words of bytecode, proved
;;   a frame of 2 cells, which charges 80 bytes
;;   metering: none
;;
;; slots
;;   s0          parameter 0  i32
;;   s1          homes of the operand stack's cells, from the bottom
;;
;; handlers
;;   @0..@4: tag0 -> return, values in s0..
;;
;; code
;;     0x43  try_table (result i32) (catch 0 0) ;; label = @1  []
;;     0x49    local.get 0                             [v1@local 0]
;;     0x4b    call 0 ;; may                           [v2@s1]
;;               0: copy s1 <- s0                      s1 = v1
;;               2: call s1.. func0                    s1 = v2, effect #1
;;     0x4d  end                                       [v2@s1]
;;     0x4e  end
;;               4: return1 s1
;;
;; values
;;   v1 = param 0
;;   v2 = call#1
;; $ prova inspect exception.wat --function returns --json
;; {
;;   "format": 2,
;;   "index": 1,
;;   "name": "returns",
;;   "type": "[i32] -> [i32]",
;;   "exports": [],
;;   "body": {
;;     "start": 66,
;;     "end": 79
;;   },
;;   "settings": {
;;     "metering": "none",
;;     "deterministic": false
;;   },
;;   "verdict": "proved",
;;   "frame": {
;;     "cells": 2,
;;     "param_cells": 1,
;;     "local_cells": 1,
;;     "result_cells": 1,
;;     "charge_bytes": 80,
;;     "words": 6
;;   },
;;   "slots": [
;;     {
;;       "first": 0,
;;       "last": 0,
;;       "role": "parameter",
;;       "local": 0,
;;       "type": "i32"
;;     },
;;     {
;;       "first": 1,
;;       "last": 1,
;;       "role": "home"
;;     }
;;   ],
;;   "labels": [],
;;   "handlers": [
;;     {
;;       "start": 0,
;;       "end": 4,
;;       "tag": 0,
;;       "with_ref": false,
;;       "slot": 0
;;     }
;;   ],
;;   "code": [
;;     {
;;       "side": "wasm",
;;       "offset": 67,
;;       "depth": 0,
;;       "text": "try_table (result i32) (catch 0 0) ;; label = @1",
;;       "reachable": true,
;;       "stack": {
;;         "height": 0,
;;         "top": []
;;       }
;;     },
;;     {
;;       "side": "wasm",
;;       "offset": 73,
;;       "depth": 1,
;;       "text": "local.get 0",
;;       "reachable": true,
;;       "stack": {
;;         "height": 1,
;;         "top": [
;;           {
;;             "position": 0,
;;             "slot": 1,
;;             "value": "v1",
;;             "place": "local",
;;             "local": 0
;;           }
;;         ]
;;       }
;;     },
;;     {
;;       "side": "wasm",
;;       "offset": 75,
;;       "depth": 1,
;;       "text": "call 0",
;;       "name": "may",
;;       "reachable": true,
;;       "stack": {
;;         "height": 1,
;;         "top": [
;;           {
;;             "position": 0,
;;             "slot": 1,
;;             "value": "v2",
;;             "place": "home"
;;           }
;;         ]
;;       }
;;     },
;;     {
;;       "side": "code",
;;       "word": 0,
;;       "offset": 75,
;;       "text": "copy s1 <- s0",
;;       "checked": true,
;;       "writes": [
;;         {
;;           "slot": 1,
;;           "value": "v1"
;;         }
;;       ]
;;     },
;;     {
;;       "side": "code",
;;       "word": 2,
;;       "offset": 75,
;;       "text": "call s1.. func0",
;;       "checked": true,
;;       "writes": [
;;         {
;;           "slot": 1,
;;           "value": "v2"
;;         }
;;       ],
;;       "effect": 1
;;     },
;;     {
;;       "side": "wasm",
;;       "offset": 77,
;;       "depth": 0,
;;       "text": "end",
;;       "reachable": true,
;;       "stack": {
;;         "height": 1,
;;         "top": [
;;           {
;;             "position": 0,
;;             "slot": 1,
;;             "value": "v2",
;;             "place": "home"
;;           }
;;         ]
;;       }
;;     },
;;     {
;;       "side": "wasm",
;;       "offset": 78,
;;       "depth": 0,
;;       "text": "end",
;;       "reachable": true
;;     },
;;     {
;;       "side": "code",
;;       "word": 4,
;;       "offset": 78,
;;       "text": "return1 s1",
;;       "checked": true,
;;       "writes": []
;;     }
;;   ],
;;   "values": [
;;     {
;;       "value": "v1",
;;       "operator": "param 0",
;;       "args": []
;;     },
;;     {
;;       "value": "v2",
;;       "operator": "call#1",
;;       "args": []
;;     }
;;   ]
;; }
