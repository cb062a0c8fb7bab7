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
;; proved: func0 high [i32] -> [i32]
;; 17 bytes of WebAssembly at 0x23, 12 words of bytecode
;; a frame of 4 cells, which charges 96 bytes
;; metering: none
;;
;; slots
;;   slots   use                                                  type
;;   s0      parameter 0                                          i32
;;   s1..s3  homes of the operand stack's cells, from the bottom
;;
;; labels (every local is in its slot)
;;   at         word  frozen below  values in
;;   loop 0x28  @4    s2            s2
;;
;; code
;;   offset  word  code                                                  stack, or slots written
;;     0x24        i32.const 7                                           [7]
;;     0x26        local.get 0                                           [7, v2@local 0]
;;     0x28        loop (type 0) (param i32) (result i32) ;; label = @1  [7@s1, v3@s2]
;;              0        copy s2 <- s0                                   s2 = v2
;;              2        const32 s1 <- 7                                 s1 = 7
;;     0x2a          i32.const 1                                         [7@s1, v3@s2, 1]
;;     0x2c          i32.sub                                             [7@s1, v5@s2]
;;              4        i32.add_imm s2 <- s2 -1                         s2 = v5
;;     0x2d          local.get 0                                         [7@s1, v5@s2, v6@local 0]
;;     0x2f          br_if 0 (;@1;)                                      [7@s1, v5@s2]
;;              6        br_if s0 -> @4
;;     0x31        end                                                   [7@s1, v5@s2]
;;     0x32        i32.add                                               [v7@s1]
;;              8        i32.add s1 <- s1 acc                            s1 = v7
;;     0x33        end
;;             10        return1 acc
;;
;; values
;;   v2 = param 0
;;   v3 = phi(0x28, s2)
;;   v5 = i32.add(v3, 0xffffffff)
;;   v6 = phi(0x28, s0)
;;   v7 = i32.add(v5, 7)
;; $ prova inspect labels.wat --function deep
;; proved: func1 deep [i32] -> []
;; 32 bytes of WebAssembly at 0x35, 1 word of bytecode
;; a frame of 11 cells, which charges 152 bytes
;; metering: none
;;
;; slots
;;   slots    use                                                  type
;;   s0       parameter 0                                          i32
;;   s1..s10  homes of the operand stack's cells, from the bottom
;;
;; code
;;   offset  word  code          stack, or slots written
;;     0x36        local.get 0   [v1@local 0]
;;     0x38        local.get 0   [v1@local 0, v1@local 0]
;;     0x3a        local.get 0   [v1@local 0, v1@local 0, v1@local 0]
;;     0x3c        local.get 0   [v1@local 0, v1@local 0, v1@local 0, v1@local 0]
;;     0x3e        local.get 0   [v1@local 0, v1@local 0, v1@local 0, v1@local 0, v1@local 0]
;;     0x40        local.get 0   [… 1 more, v1@local 0, v1@local 0, v1@local 0, v1@local 0, v1@local 0]
;;     0x42        local.get 0   [… 2 more, v1@local 0, v1@local 0, v1@local 0, v1@local 0, v1@local 0]
;;     0x44        local.get 0   [… 3 more, v1@local 0, v1@local 0, v1@local 0, v1@local 0, v1@local 0]
;;     0x46        local.get 0   [… 4 more, v1@local 0, v1@local 0, v1@local 0, v1@local 0, v1@local 0]
;;     0x48        local.get 0   [… 5 more, v1@local 0, v1@local 0, v1@local 0, v1@local 0, v1@local 0]
;;     0x4a        drop          [… 4 more, v1@local 0, v1@local 0, v1@local 0, v1@local 0, v1@local 0]
;;     0x4b        drop          [… 3 more, v1@local 0, v1@local 0, v1@local 0, v1@local 0, v1@local 0]
;;     0x4c        drop          [… 2 more, v1@local 0, v1@local 0, v1@local 0, v1@local 0, v1@local 0]
;;     0x4d        drop          [… 1 more, v1@local 0, v1@local 0, v1@local 0, v1@local 0, v1@local 0]
;;     0x4e        drop          [v1@local 0, v1@local 0, v1@local 0, v1@local 0, v1@local 0]
;;     0x4f        drop          [v1@local 0, v1@local 0, v1@local 0, v1@local 0]
;;     0x50        drop          [v1@local 0, v1@local 0, v1@local 0]
;;     0x51        drop          [v1@local 0, v1@local 0]
;;     0x52        drop          [v1@local 0]
;;     0x53        drop          []
;;     0x54        end
;;              0        return
;;
;; values
;;   v1 = param 0
;; $ prova inspect labels.wat --function dead
;; proved: func2 dead [] -> [i32]
;; 9 bytes of WebAssembly at 0x56, 1 word of bytecode
;; a frame of 1 cell, which charges 72 bytes
;; metering: none
;;
;; slots
;;   slots  use
;;   s0     homes of the operand stack's cells, from the bottom
;;
;; code
;;   offset  word  code                              stack, or slots written
;;     0x57        block (result i32) ;; label = @1  []
;;     0x59          unreachable
;;              0        unreachable                 effect #1
;;     0x5a          i32.const 1                     unreachable
;;     0x5c          i32.add                         unreachable
;;     0x5d        end                               unreachable
;;     0x5e        end                               unreachable
;; $ prova inspect labels.wat --function table
;; proved: func3 table [i32] -> [i32]
;; 20 bytes of WebAssembly at 0x60, 11 words of bytecode
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
;;   end 0x72 of block 0x61  @9    s1            s1
;;   end 0x6e of block 0x63  @7    s1            s1
;;
;; code
;;   offset  word  code                                     stack, or slots written
;;     0x61        block (result i32) ;; label = @1         []
;;     0x63          block (result i32) ;; label = @2       []
;;     0x65            i32.const 3                          [3]
;;     0x67            local.get 0                          [3, v2@local 0]
;;     0x69            br_table 0 (;@2;) 1 (;@1;) 1 (;@1;)
;;              0        const32 s1 <- 3                    s1 = 3
;;              2        br_table s0 0 -> @7 @9 @9
;;     0x6e          end                                    [v3@s1]
;;     0x6f          i32.const 1                            [v3@s1, 1]
;;     0x71          i32.add                                [v5@s1]
;;              7        i32.add_imm s1 <- s1 1             s1 = v5
;;     0x72        end                                      [v6@s1]
;;     0x73        end
;;              9        return1 s1
;;
;; values
;;   v2 = param 0
;;   v3 = phi(0x6e, s1)
;;   v5 = i32.add(v3, 1)
;;   v6 = phi(0x72, s1)
;; $ prova inspect labels.wat --function high --json
;; {
;;   "schema": 2,
;;   "kind": "function",
;;   "verdict": "proved",
;;   "title": "func0 high [i32] -> [i32]",
;;   "body": {
;;     "end": 52,
;;     "start": 35
;;   },
;;   "code": [
;;     {
;;       "depth": 0,
;;       "offset": 36,
;;       "reachable": true,
;;       "side": "wasm",
;;       "stack": {
;;         "height": 1,
;;         "top": [
;;           {
;;             "place": "constant",
;;             "position": 0,
;;             "slot": 1,
;;             "value": "7"
;;           }
;;         ]
;;       },
;;       "text": "i32.const 7"
;;     },
;;     {
;;       "depth": 0,
;;       "offset": 38,
;;       "reachable": true,
;;       "side": "wasm",
;;       "stack": {
;;         "height": 2,
;;         "top": [
;;           {
;;             "place": "constant",
;;             "position": 0,
;;             "slot": 1,
;;             "value": "7"
;;           },
;;           {
;;             "local": 0,
;;             "place": "local",
;;             "position": 1,
;;             "slot": 2,
;;             "value": "v2"
;;           }
;;         ]
;;       },
;;       "text": "local.get 0"
;;     },
;;     {
;;       "depth": 0,
;;       "offset": 40,
;;       "reachable": true,
;;       "side": "wasm",
;;       "stack": {
;;         "height": 2,
;;         "top": [
;;           {
;;             "place": "home",
;;             "position": 0,
;;             "slot": 1,
;;             "value": "7"
;;           },
;;           {
;;             "place": "home",
;;             "position": 1,
;;             "slot": 2,
;;             "value": "v3"
;;           }
;;         ]
;;       },
;;       "text": "loop (type 0) (param i32) (result i32) ;; label = @1"
;;     },
;;     {
;;       "checked": true,
;;       "offset": 40,
;;       "side": "code",
;;       "text": "copy s2 <- s0",
;;       "word": 0,
;;       "writes": [
;;         {
;;           "slot": 2,
;;           "value": "v2"
;;         }
;;       ]
;;     },
;;     {
;;       "checked": true,
;;       "offset": 40,
;;       "side": "code",
;;       "text": "const32 s1 <- 7",
;;       "word": 2,
;;       "writes": [
;;         {
;;           "slot": 1,
;;           "value": "7"
;;         }
;;       ]
;;     },
;;     {
;;       "depth": 1,
;;       "offset": 42,
;;       "reachable": true,
;;       "side": "wasm",
;;       "stack": {
;;         "height": 3,
;;         "top": [
;;           {
;;             "place": "home",
;;             "position": 0,
;;             "slot": 1,
;;             "value": "7"
;;           },
;;           {
;;             "place": "home",
;;             "position": 1,
;;             "slot": 2,
;;             "value": "v3"
;;           },
;;           {
;;             "place": "constant",
;;             "position": 2,
;;             "slot": 3,
;;             "value": "1"
;;           }
;;         ]
;;       },
;;       "text": "i32.const 1"
;;     },
;;     {
;;       "depth": 1,
;;       "offset": 44,
;;       "reachable": true,
;;       "side": "wasm",
;;       "stack": {
;;         "height": 2,
;;         "top": [
;;           {
;;             "place": "home",
;;             "position": 0,
;;             "slot": 1,
;;             "value": "7"
;;           },
;;           {
;;             "place": "home",
;;             "position": 1,
;;             "slot": 2,
;;             "value": "v5"
;;           }
;;         ]
;;       },
;;       "text": "i32.sub"
;;     },
;;     {
;;       "checked": true,
;;       "offset": 44,
;;       "side": "code",
;;       "text": "i32.add_imm s2 <- s2 -1",
;;       "word": 4,
;;       "writes": [
;;         {
;;           "slot": 2,
;;           "value": "v5"
;;         }
;;       ]
;;     },
;;     {
;;       "depth": 1,
;;       "offset": 45,
;;       "reachable": true,
;;       "side": "wasm",
;;       "stack": {
;;         "height": 3,
;;         "top": [
;;           {
;;             "place": "home",
;;             "position": 0,
;;             "slot": 1,
;;             "value": "7"
;;           },
;;           {
;;             "place": "home",
;;             "position": 1,
;;             "slot": 2,
;;             "value": "v5"
;;           },
;;           {
;;             "local": 0,
;;             "place": "local",
;;             "position": 2,
;;             "slot": 3,
;;             "value": "v6"
;;           }
;;         ]
;;       },
;;       "text": "local.get 0"
;;     },
;;     {
;;       "depth": 1,
;;       "offset": 47,
;;       "reachable": true,
;;       "side": "wasm",
;;       "stack": {
;;         "height": 2,
;;         "top": [
;;           {
;;             "place": "home",
;;             "position": 0,
;;             "slot": 1,
;;             "value": "7"
;;           },
;;           {
;;             "place": "home",
;;             "position": 1,
;;             "slot": 2,
;;             "value": "v5"
;;           }
;;         ]
;;       },
;;       "text": "br_if 0 (;@1;)"
;;     },
;;     {
;;       "checked": true,
;;       "offset": 47,
;;       "side": "code",
;;       "text": "br_if s0 -> @4",
;;       "word": 6,
;;       "writes": []
;;     },
;;     {
;;       "depth": 0,
;;       "offset": 49,
;;       "reachable": true,
;;       "side": "wasm",
;;       "stack": {
;;         "height": 2,
;;         "top": [
;;           {
;;             "place": "home",
;;             "position": 0,
;;             "slot": 1,
;;             "value": "7"
;;           },
;;           {
;;             "place": "home",
;;             "position": 1,
;;             "slot": 2,
;;             "value": "v5"
;;           }
;;         ]
;;       },
;;       "text": "end"
;;     },
;;     {
;;       "depth": 0,
;;       "offset": 50,
;;       "reachable": true,
;;       "side": "wasm",
;;       "stack": {
;;         "height": 1,
;;         "top": [
;;           {
;;             "place": "home",
;;             "position": 0,
;;             "slot": 1,
;;             "value": "v7"
;;           }
;;         ]
;;       },
;;       "text": "i32.add"
;;     },
;;     {
;;       "checked": true,
;;       "offset": 50,
;;       "side": "code",
;;       "text": "i32.add s1 <- s1 acc",
;;       "word": 8,
;;       "writes": [
;;         {
;;           "slot": 1,
;;           "value": "v7"
;;         }
;;       ]
;;     },
;;     {
;;       "depth": 0,
;;       "offset": 51,
;;       "reachable": true,
;;       "side": "wasm",
;;       "text": "end"
;;     },
;;     {
;;       "checked": true,
;;       "offset": 51,
;;       "side": "code",
;;       "text": "return1 acc",
;;       "word": 10,
;;       "writes": []
;;     }
;;   ],
;;   "exports": [],
;;   "frame": {
;;     "cells": 4,
;;     "charge_bytes": 96,
;;     "local_cells": 1,
;;     "param_cells": 1,
;;     "result_cells": 1,
;;     "words": 12
;;   },
;;   "handlers": [],
;;   "index": 0,
;;   "labels": [
;;     {
;;       "base": 2,
;;       "end": 49,
;;       "kind": "loop",
;;       "start": 40,
;;       "values": [
;;         2
;;       ],
;;       "word": 4
;;     }
;;   ],
;;   "name": "high",
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
;;       "last": 3,
;;       "role": "home"
;;     }
;;   ],
;;   "type": "[i32] -> [i32]",
;;   "values": [
;;     {
;;       "args": [],
;;       "operator": "param 0",
;;       "value": "v2"
;;     },
;;     {
;;       "args": [],
;;       "operator": "phi(0x28, s2)",
;;       "value": "v3"
;;     },
;;     {
;;       "args": [
;;         "v3",
;;         "0xffffffff"
;;       ],
;;       "operator": "i32.add",
;;       "value": "v5"
;;     },
;;     {
;;       "args": [],
;;       "operator": "phi(0x28, s0)",
;;       "value": "v6"
;;     },
;;     {
;;       "args": [
;;         "v5",
;;         "7"
;;       ],
;;       "operator": "i32.add",
;;       "value": "v7"
;;     }
;;   ],
;;   "evidence": [
;;     "17 bytes of WebAssembly at 0x23, 12 words of bytecode",
;;     "a frame of 4 cells, which charges 96 bytes",
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
;;                 "s1..s3",
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
;;       "title": "labels (every local is in its slot)",
;;       "tables": [
;;         {
;;           "caption": "",
;;           "columns": [
;;             {
;;               "name": "at",
;;               "align": "left"
;;             },
;;             {
;;               "name": "word",
;;               "align": "left"
;;             },
;;             {
;;               "name": "frozen below",
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
;;                 "loop 0x28",
;;                 "@4",
;;                 "s2",
;;                 "s2"
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
;;                 "0x24",
;;                 "",
;;                 "i32.const 7",
;;                 "[7]"
;;               ],
;;               "mark": "none"
;;             },
;;             {
;;               "cells": [
;;                 "0x26",
;;                 "",
;;                 "local.get 0",
;;                 "[7, v2@local 0]"
;;               ],
;;               "mark": "none"
;;             },
;;             {
;;               "cells": [
;;                 "0x28",
;;                 "",
;;                 "loop (type 0) (param i32) (result i32) ;; label = @1",
;;                 "[7@s1, v3@s2]"
;;               ],
;;               "mark": "none"
;;             },
;;             {
;;               "cells": [
;;                 "",
;;                 "0",
;;                 "      copy s2 <- s0",
;;                 "s2 = v2"
;;               ],
;;               "mark": "none"
;;             },
;;             {
;;               "cells": [
;;                 "",
;;                 "2",
;;                 "      const32 s1 <- 7",
;;                 "s1 = 7"
;;               ],
;;               "mark": "none"
;;             },
;;             {
;;               "cells": [
;;                 "0x2a",
;;                 "",
;;                 "  i32.const 1",
;;                 "[7@s1, v3@s2, 1]"
;;               ],
;;               "mark": "none"
;;             },
;;             {
;;               "cells": [
;;                 "0x2c",
;;                 "",
;;                 "  i32.sub",
;;                 "[7@s1, v5@s2]"
;;               ],
;;               "mark": "none"
;;             },
;;             {
;;               "cells": [
;;                 "",
;;                 "4",
;;                 "      i32.add_imm s2 <- s2 -1",
;;                 "s2 = v5"
;;               ],
;;               "mark": "none"
;;             },
;;             {
;;               "cells": [
;;                 "0x2d",
;;                 "",
;;                 "  local.get 0",
;;                 "[7@s1, v5@s2, v6@local 0]"
;;               ],
;;               "mark": "none"
;;             },
;;             {
;;               "cells": [
;;                 "0x2f",
;;                 "",
;;                 "  br_if 0 (;@1;)",
;;                 "[7@s1, v5@s2]"
;;               ],
;;               "mark": "none"
;;             },
;;             {
;;               "cells": [
;;                 "",
;;                 "6",
;;                 "      br_if s0 -> @4",
;;                 ""
;;               ],
;;               "mark": "none"
;;             },
;;             {
;;               "cells": [
;;                 "0x31",
;;                 "",
;;                 "end",
;;                 "[7@s1, v5@s2]"
;;               ],
;;               "mark": "none"
;;             },
;;             {
;;               "cells": [
;;                 "0x32",
;;                 "",
;;                 "i32.add",
;;                 "[v7@s1]"
;;               ],
;;               "mark": "none"
;;             },
;;             {
;;               "cells": [
;;                 "",
;;                 "8",
;;                 "      i32.add s1 <- s1 acc",
;;                 "s1 = v7"
;;               ],
;;               "mark": "none"
;;             },
;;             {
;;               "cells": [
;;                 "0x33",
;;                 "",
;;                 "end",
;;                 ""
;;               ],
;;               "mark": "none"
;;             },
;;             {
;;               "cells": [
;;                 "",
;;                 "10",
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
;;         "v2 = param 0",
;;         "v3 = phi(0x28, s2)",
;;         "v5 = i32.add(v3, 0xffffffff)",
;;         "v6 = phi(0x28, s0)",
;;         "v7 = i32.add(v5, 7)"
;;       ]
;;     }
;;   ]
;; }
