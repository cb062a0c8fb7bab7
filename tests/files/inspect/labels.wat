;; Labels with values, positions at home below them; a stack higher than is shown.
(module
  (func $high (param i32) (result i32)
    i32.const 7
    local.get 0
    loop (param i32) (result i32)
      i32.const 1 i32.sub
      local.get 0
      br_if 0
    end
    i32.add)
  (func $deep (param i32)
    local.get 0 local.get 0 local.get 0 local.get 0 local.get 0
    local.get 0 local.get 0 local.get 0 local.get 0 local.get 0
    drop drop drop drop drop drop drop drop drop drop)
  (func $dead (result i32)
    block (result i32) unreachable i32.const 1 i32.add end)
  (func $table (param i32) (result i32)
    block (result i32)
      block (result i32) i32.const 3 local.get 0 br_table 0 1 1 end
      i32.const 1 i32.add
    end))

;; $ prova inspect labels.wat --function high
;; func0 high [i32] -> [i32]
;;   17 bytes of WebAssembly at 0x23, 12 words of bytecode, proved
;;   a frame of 4 cells, which charges 96 bytes
;;   metering: none
;;
;; slots
;;   s0          parameter 0  i32
;;   s1..s3      homes of the operand stack's cells, from the bottom
;;
;; labels (every local is in its slot)
;;   loop 0x28 @4: frozen below s2, values in s2
;;
;; code
;;     0x24  i32.const 7                               [7]
;;     0x26  local.get 0                               [7, v2@local 0]
;;     0x28  loop (type 0) (param i32) (result i32) ;; label = @1  [7@s1, v3@s2]
;;               0: copy s2 <- s0                      s2 = v2
;;               2: const32 s1 <- 7                    s1 = 7
;;     0x2a    i32.const 1                             [7@s1, v3@s2, 1]
;;     0x2c    i32.sub                                 [7@s1, v5@s2]
;;               4: i32.add_imm s2 <- s2 -1            s2 = v5
;;     0x2d    local.get 0                             [7@s1, v5@s2, v6@local 0]
;;     0x2f    br_if 0 (;@1;)                          [7@s1, v5@s2]
;;               6: br_if s0 -> @4
;;     0x31  end                                       [7@s1, v5@s2]
;;     0x32  i32.add                                   [v7@s1]
;;               8: i32.add s1 <- s1 acc               s1 = v7
;;     0x33  end
;;              10: return1 acc
;;
;; values
;;   v2 = param 0
;;   v3 = phi(0x28, s2)
;;   v5 = i32.add(v3, 0xffffffff)
;;   v6 = phi(0x28, s0)
;;   v7 = i32.add(v5, 7)
;; $ prova inspect labels.wat --function deep
;; func1 deep [i32] -> []
;;   32 bytes of WebAssembly at 0x35, 1 word of bytecode, proved
;;   a frame of 11 cells, which charges 152 bytes
;;   metering: none
;;
;; slots
;;   s0          parameter 0  i32
;;   s1..s10     homes of the operand stack's cells, from the bottom
;;
;; code
;;     0x36  local.get 0                               [v1@local 0]
;;     0x38  local.get 0                               [v1@local 0, v1@local 0]
;;     0x3a  local.get 0                               [v1@local 0, v1@local 0, v1@local 0]
;;     0x3c  local.get 0                               [v1@local 0, v1@local 0, v1@local 0, v1@local 0]
;;     0x3e  local.get 0                               [v1@local 0, v1@local 0, v1@local 0, v1@local 0, v1@local 0]
;;     0x40  local.get 0                               [… 1 more, v1@local 0, v1@local 0, v1@local 0, v1@local 0, v1@local 0]
;;     0x42  local.get 0                               [… 2 more, v1@local 0, v1@local 0, v1@local 0, v1@local 0, v1@local 0]
;;     0x44  local.get 0                               [… 3 more, v1@local 0, v1@local 0, v1@local 0, v1@local 0, v1@local 0]
;;     0x46  local.get 0                               [… 4 more, v1@local 0, v1@local 0, v1@local 0, v1@local 0, v1@local 0]
;;     0x48  local.get 0                               [… 5 more, v1@local 0, v1@local 0, v1@local 0, v1@local 0, v1@local 0]
;;     0x4a  drop                                      [… 4 more, v1@local 0, v1@local 0, v1@local 0, v1@local 0, v1@local 0]
;;     0x4b  drop                                      [… 3 more, v1@local 0, v1@local 0, v1@local 0, v1@local 0, v1@local 0]
;;     0x4c  drop                                      [… 2 more, v1@local 0, v1@local 0, v1@local 0, v1@local 0, v1@local 0]
;;     0x4d  drop                                      [… 1 more, v1@local 0, v1@local 0, v1@local 0, v1@local 0, v1@local 0]
;;     0x4e  drop                                      [v1@local 0, v1@local 0, v1@local 0, v1@local 0, v1@local 0]
;;     0x4f  drop                                      [v1@local 0, v1@local 0, v1@local 0, v1@local 0]
;;     0x50  drop                                      [v1@local 0, v1@local 0, v1@local 0]
;;     0x51  drop                                      [v1@local 0, v1@local 0]
;;     0x52  drop                                      [v1@local 0]
;;     0x53  drop                                      []
;;     0x54  end
;;               0: return
;;
;; values
;;   v1 = param 0
;; $ prova inspect labels.wat --function dead
;; func2 dead [] -> [i32]
;;   9 bytes of WebAssembly at 0x56, 1 word of bytecode, proved
;;   a frame of 1 cell, which charges 72 bytes
;;   metering: none
;;
;; slots
;;   s0          homes of the operand stack's cells, from the bottom
;;
;; code
;;     0x57  block (result i32) ;; label = @1          []
;;     0x59    unreachable
;;               0: unreachable                        effect #1
;;     0x5a    i32.const 1                             unreachable
;;     0x5c    i32.add                                 unreachable
;;     0x5d  end                                       unreachable
;;     0x5e  end                                       unreachable
;; $ prova inspect labels.wat --function table
;; func3 table [i32] -> [i32]
;;   20 bytes of WebAssembly at 0x60, 11 words of bytecode, proved
;;   a frame of 3 cells, which charges 88 bytes
;;   metering: none
;;
;; slots
;;   s0          parameter 0  i32
;;   s1..s2      homes of the operand stack's cells, from the bottom
;;
;; labels (every local is in its slot)
;;   end 0x72 of block 0x61 @9: frozen below s1, values in s1
;;   end 0x6e of block 0x63 @7: frozen below s1, values in s1
;;
;; code
;;     0x61  block (result i32) ;; label = @1          []
;;     0x63    block (result i32) ;; label = @2        []
;;     0x65      i32.const 3                           [3]
;;     0x67      local.get 0                           [3, v2@local 0]
;;     0x69      br_table 0 (;@2;) 1 (;@1;) 1 (;@1;)
;;               0: const32 s1 <- 3                    s1 = 3
;;               2: br_table s0 0 -> @7 @9 @9
;;     0x6e    end                                     [v3@s1]
;;     0x6f    i32.const 1                             [v3@s1, 1]
;;     0x71    i32.add                                 [v5@s1]
;;               7: i32.add_imm s1 <- s1 1             s1 = v5
;;     0x72  end                                       [v6@s1]
;;     0x73  end
;;               9: return1 s1
;;
;; values
;;   v2 = param 0
;;   v3 = phi(0x6e, s1)
;;   v5 = i32.add(v3, 1)
;;   v6 = phi(0x72, s1)
;; $ prova inspect labels.wat --function high --json
;; {
;;   "format": 2,
;;   "index": 0,
;;   "name": "high",
;;   "type": "[i32] -> [i32]",
;;   "exports": [],
;;   "body": {
;;     "start": 35,
;;     "end": 52
;;   },
;;   "settings": {
;;     "metering": "none",
;;     "deterministic": false
;;   },
;;   "verdict": "proved",
;;   "frame": {
;;     "cells": 4,
;;     "param_cells": 1,
;;     "local_cells": 1,
;;     "result_cells": 1,
;;     "charge_bytes": 96,
;;     "words": 12
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
;;       "last": 3,
;;       "role": "home"
;;     }
;;   ],
;;   "labels": [
;;     {
;;       "kind": "loop",
;;       "start": 40,
;;       "end": 49,
;;       "word": 4,
;;       "base": 2,
;;       "values": [
;;         2
;;       ]
;;     }
;;   ],
;;   "handlers": [],
;;   "code": [
;;     {
;;       "side": "wasm",
;;       "offset": 36,
;;       "depth": 0,
;;       "text": "i32.const 7",
;;       "reachable": true,
;;       "stack": {
;;         "height": 1,
;;         "top": [
;;           {
;;             "position": 0,
;;             "slot": 1,
;;             "value": "7",
;;             "place": "constant"
;;           }
;;         ]
;;       }
;;     },
;;     {
;;       "side": "wasm",
;;       "offset": 38,
;;       "depth": 0,
;;       "text": "local.get 0",
;;       "reachable": true,
;;       "stack": {
;;         "height": 2,
;;         "top": [
;;           {
;;             "position": 0,
;;             "slot": 1,
;;             "value": "7",
;;             "place": "constant"
;;           },
;;           {
;;             "position": 1,
;;             "slot": 2,
;;             "value": "v2",
;;             "place": "local",
;;             "local": 0
;;           }
;;         ]
;;       }
;;     },
;;     {
;;       "side": "wasm",
;;       "offset": 40,
;;       "depth": 0,
;;       "text": "loop (type 0) (param i32) (result i32) ;; label = @1",
;;       "reachable": true,
;;       "stack": {
;;         "height": 2,
;;         "top": [
;;           {
;;             "position": 0,
;;             "slot": 1,
;;             "value": "7",
;;             "place": "home"
;;           },
;;           {
;;             "position": 1,
;;             "slot": 2,
;;             "value": "v3",
;;             "place": "home"
;;           }
;;         ]
;;       }
;;     },
;;     {
;;       "side": "code",
;;       "word": 0,
;;       "offset": 40,
;;       "text": "copy s2 <- s0",
;;       "checked": true,
;;       "writes": [
;;         {
;;           "slot": 2,
;;           "value": "v2"
;;         }
;;       ]
;;     },
;;     {
;;       "side": "code",
;;       "word": 2,
;;       "offset": 40,
;;       "text": "const32 s1 <- 7",
;;       "checked": true,
;;       "writes": [
;;         {
;;           "slot": 1,
;;           "value": "7"
;;         }
;;       ]
;;     },
;;     {
;;       "side": "wasm",
;;       "offset": 42,
;;       "depth": 1,
;;       "text": "i32.const 1",
;;       "reachable": true,
;;       "stack": {
;;         "height": 3,
;;         "top": [
;;           {
;;             "position": 0,
;;             "slot": 1,
;;             "value": "7",
;;             "place": "home"
;;           },
;;           {
;;             "position": 1,
;;             "slot": 2,
;;             "value": "v3",
;;             "place": "home"
;;           },
;;           {
;;             "position": 2,
;;             "slot": 3,
;;             "value": "1",
;;             "place": "constant"
;;           }
;;         ]
;;       }
;;     },
;;     {
;;       "side": "wasm",
;;       "offset": 44,
;;       "depth": 1,
;;       "text": "i32.sub",
;;       "reachable": true,
;;       "stack": {
;;         "height": 2,
;;         "top": [
;;           {
;;             "position": 0,
;;             "slot": 1,
;;             "value": "7",
;;             "place": "home"
;;           },
;;           {
;;             "position": 1,
;;             "slot": 2,
;;             "value": "v5",
;;             "place": "home"
;;           }
;;         ]
;;       }
;;     },
;;     {
;;       "side": "code",
;;       "word": 4,
;;       "offset": 44,
;;       "text": "i32.add_imm s2 <- s2 -1",
;;       "checked": true,
;;       "writes": [
;;         {
;;           "slot": 2,
;;           "value": "v5"
;;         }
;;       ]
;;     },
;;     {
;;       "side": "wasm",
;;       "offset": 45,
;;       "depth": 1,
;;       "text": "local.get 0",
;;       "reachable": true,
;;       "stack": {
;;         "height": 3,
;;         "top": [
;;           {
;;             "position": 0,
;;             "slot": 1,
;;             "value": "7",
;;             "place": "home"
;;           },
;;           {
;;             "position": 1,
;;             "slot": 2,
;;             "value": "v5",
;;             "place": "home"
;;           },
;;           {
;;             "position": 2,
;;             "slot": 3,
;;             "value": "v6",
;;             "place": "local",
;;             "local": 0
;;           }
;;         ]
;;       }
;;     },
;;     {
;;       "side": "wasm",
;;       "offset": 47,
;;       "depth": 1,
;;       "text": "br_if 0 (;@1;)",
;;       "reachable": true,
;;       "stack": {
;;         "height": 2,
;;         "top": [
;;           {
;;             "position": 0,
;;             "slot": 1,
;;             "value": "7",
;;             "place": "home"
;;           },
;;           {
;;             "position": 1,
;;             "slot": 2,
;;             "value": "v5",
;;             "place": "home"
;;           }
;;         ]
;;       }
;;     },
;;     {
;;       "side": "code",
;;       "word": 6,
;;       "offset": 47,
;;       "text": "br_if s0 -> @4",
;;       "checked": true,
;;       "writes": []
;;     },
;;     {
;;       "side": "wasm",
;;       "offset": 49,
;;       "depth": 0,
;;       "text": "end",
;;       "reachable": true,
;;       "stack": {
;;         "height": 2,
;;         "top": [
;;           {
;;             "position": 0,
;;             "slot": 1,
;;             "value": "7",
;;             "place": "home"
;;           },
;;           {
;;             "position": 1,
;;             "slot": 2,
;;             "value": "v5",
;;             "place": "home"
;;           }
;;         ]
;;       }
;;     },
;;     {
;;       "side": "wasm",
;;       "offset": 50,
;;       "depth": 0,
;;       "text": "i32.add",
;;       "reachable": true,
;;       "stack": {
;;         "height": 1,
;;         "top": [
;;           {
;;             "position": 0,
;;             "slot": 1,
;;             "value": "v7",
;;             "place": "home"
;;           }
;;         ]
;;       }
;;     },
;;     {
;;       "side": "code",
;;       "word": 8,
;;       "offset": 50,
;;       "text": "i32.add s1 <- s1 acc",
;;       "checked": true,
;;       "writes": [
;;         {
;;           "slot": 1,
;;           "value": "v7"
;;         }
;;       ]
;;     },
;;     {
;;       "side": "wasm",
;;       "offset": 51,
;;       "depth": 0,
;;       "text": "end",
;;       "reachable": true
;;     },
;;     {
;;       "side": "code",
;;       "word": 10,
;;       "offset": 51,
;;       "text": "return1 acc",
;;       "checked": true,
;;       "writes": []
;;     }
;;   ],
;;   "values": [
;;     {
;;       "value": "v2",
;;       "operator": "param 0",
;;       "args": []
;;     },
;;     {
;;       "value": "v3",
;;       "operator": "phi(0x28, s2)",
;;       "args": []
;;     },
;;     {
;;       "value": "v5",
;;       "operator": "i32.add",
;;       "args": [
;;         "v3",
;;         "0xffffffff"
;;       ]
;;     },
;;     {
;;       "value": "v6",
;;       "operator": "phi(0x28, s0)",
;;       "args": []
;;     },
;;     {
;;       "value": "v7",
;;       "operator": "i32.add",
;;       "args": [
;;         "v5",
;;         "7"
;;       ]
;;     }
;;   ]
;; }
