;; Names that a terminal would obey, names that several functions have, and misuse.
(module
  (import "\1b[2J" "\u{202e}evil" (func $imported))
  (func $"\1b[31mred" (param $"\u{202e}x" i32) local.get 0 drop call $imported)
  (func $_ZN5alloc3fmt5write17h0123456789abcdefE)
  (func $_ZN4core3fmt5write17h0123456789abcdefE (export "\u{200b}hidden"))
  (func $_RNvCsfLfy6EI15iL_7___rustc12___rust_alloc))

;; $ prova inspect names.wat
;; 5 functions
;; index  bytes    at  name                   type, import, exports
;;     0               imported               [] -> []  import \u{1b}[2J::\u{202e}evil
;;     1      7  0x3e  \u{1b}[31mred          [i32] -> []
;;     2      2  0x46  alloc::fmt::write      [] -> []
;;     3      2  0x49  core::fmt::write       [] -> []  export "\u{200b}hidden"
;;     4      2  0x4c  __rustc::__rust_alloc  [] -> []
;; $ prova inspect names.wat --function red
;; proved: func1 \u{1b}[31mred [i32] -> []
;; 7 bytes of WebAssembly at 0x3e, 3 words of bytecode
;; a frame of 2 cells, which charges 80 bytes
;; metering: none
;;
;; slots
;;   slots  use                                                  type  name
;;   s0     parameter 0                                          i32   \u{202e}x
;;   s1     homes of the operand stack's cells, from the bottom
;;
;; code
;;   offset  word  code                          stack, or slots written
;;     0x3f        local.get 0 ;; \u{202e}x      [v1@local 0]
;;     0x41        drop                          []
;;     0x42        call 0 ;; imported            []
;;              0        call_import s1.. func0  effect #1
;;     0x44        end
;;              2        return
;;
;; values
;;   v1 = param 0
;; $ prova inspect names.wat --function 1 --json
;; {
;;   "schema": 2,
;;   "kind": "function",
;;   "verdict": "proved",
;;   "title": "func1 \\u{1b}[31mred [i32] -> []",
;;   "body": {
;;     "end": 69,
;;     "start": 62
;;   },
;;   "code": [
;;     {
;;       "depth": 0,
;;       "name": "\u202ex",
;;       "offset": 63,
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
;;       "offset": 65,
;;       "reachable": true,
;;       "side": "wasm",
;;       "stack": {
;;         "height": 0,
;;         "top": []
;;       },
;;       "text": "drop"
;;     },
;;     {
;;       "depth": 0,
;;       "name": "imported",
;;       "offset": 66,
;;       "reachable": true,
;;       "side": "wasm",
;;       "stack": {
;;         "height": 0,
;;         "top": []
;;       },
;;       "text": "call 0"
;;     },
;;     {
;;       "checked": true,
;;       "effect": 1,
;;       "offset": 66,
;;       "side": "code",
;;       "text": "call_import s1.. func0",
;;       "word": 0,
;;       "writes": []
;;     },
;;     {
;;       "depth": 0,
;;       "offset": 68,
;;       "reachable": true,
;;       "side": "wasm",
;;       "text": "end"
;;     },
;;     {
;;       "checked": true,
;;       "offset": 68,
;;       "side": "code",
;;       "text": "return",
;;       "word": 2,
;;       "writes": []
;;     }
;;   ],
;;   "exports": [],
;;   "frame": {
;;     "cells": 2,
;;     "charge_bytes": 80,
;;     "local_cells": 1,
;;     "param_cells": 1,
;;     "result_cells": 0,
;;     "words": 3
;;   },
;;   "handlers": [],
;;   "index": 1,
;;   "labels": [],
;;   "name": "\u001b[31mred",
;;   "settings": {
;;     "deterministic": false,
;;     "metering": "none"
;;   },
;;   "slots": [
;;     {
;;       "first": 0,
;;       "last": 0,
;;       "local": 0,
;;       "name": "\u202ex",
;;       "role": "parameter",
;;       "type": "i32"
;;     },
;;     {
;;       "first": 1,
;;       "last": 1,
;;       "role": "home"
;;     }
;;   ],
;;   "type": "[i32] -> []",
;;   "values": [
;;     {
;;       "args": [],
;;       "operator": "param 0",
;;       "value": "v1"
;;     }
;;   ],
;;   "evidence": [
;;     "7 bytes of WebAssembly at 0x3e, 3 words of bytecode",
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
;;                 "\\u{202e}x"
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
;;                 "0x3f",
;;                 "",
;;                 "local.get 0 ;; \\u{202e}x",
;;                 "[v1@local 0]"
;;               ],
;;               "mark": "none"
;;             },
;;             {
;;               "cells": [
;;                 "0x41",
;;                 "",
;;                 "drop",
;;                 "[]"
;;               ],
;;               "mark": "none"
;;             },
;;             {
;;               "cells": [
;;                 "0x42",
;;                 "",
;;                 "call 0 ;; imported",
;;                 "[]"
;;               ],
;;               "mark": "none"
;;             },
;;             {
;;               "cells": [
;;                 "",
;;                 "0",
;;                 "      call_import s1.. func0",
;;                 "effect #1"
;;               ],
;;               "mark": "none"
;;             },
;;             {
;;               "cells": [
;;                 "0x44",
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
;;                 "      return",
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
;;         "v1 = param 0"
;;       ]
;;     }
;;   ]
;; }
;; $ prova inspect names.wat --function write
;; exit 2
;; !Error: `write` may be one of 2 functions:
;; !       2  alloc::fmt::write
;; !       3  core::fmt::write
;; $ prova inspect names.wat --function __rust_alloc
;; proved: func4 __rustc::__rust_alloc [] -> []
;; symbol _RNvCsfLfy6EI15iL_7___rustc12___rust_alloc
;; 2 bytes of WebAssembly at 0x4c, 1 word of bytecode
;; a frame of 0 cells, which charges 64 bytes
;; metering: none
;;
;; code
;;   offset  word  code
;;     0x4d        end
;;              0        return
;; $ prova inspect names.wat --function nothing
;; exit 2
;; !Error: there is no function `nothing`
;; $ prova inspect names.wat --function imported
;; exit 2
;; !Error: func0 is an import: there is no body to show
;; $ prova inspect names.wat --function 5
;; exit 2
;; !Error: there is no function `5`
;; $ prova inspect names.wat --report out.txt
;; exit 2
;; !Error: `--report` is of one function: `--function` names it
;; $ prova inspect names.wat --json
;; {
;;   "schema": 2,
;;   "kind": "functions",
;;   "title": "5 functions",
;;   "functions": [
;;     {
;;       "exports": [],
;;       "import": [
;;         "\u001b[2J",
;;         "\u202eevil"
;;       ],
;;       "index": 0,
;;       "name": "imported",
;;       "type": "[] -> []"
;;     },
;;     {
;;       "body": {
;;         "end": 69,
;;         "start": 62
;;       },
;;       "exports": [],
;;       "index": 1,
;;       "name": "\u001b[31mred",
;;       "type": "[i32] -> []"
;;     },
;;     {
;;       "body": {
;;         "end": 72,
;;         "start": 70
;;       },
;;       "demangled": "alloc::fmt::write",
;;       "exports": [],
;;       "index": 2,
;;       "name": "_ZN5alloc3fmt5write17h0123456789abcdefE",
;;       "type": "[] -> []"
;;     },
;;     {
;;       "body": {
;;         "end": 75,
;;         "start": 73
;;       },
;;       "demangled": "core::fmt::write",
;;       "exports": [
;;         "\u200bhidden"
;;       ],
;;       "index": 3,
;;       "name": "_ZN4core3fmt5write17h0123456789abcdefE",
;;       "type": "[] -> []"
;;     },
;;     {
;;       "body": {
;;         "end": 78,
;;         "start": 76
;;       },
;;       "demangled": "__rustc::__rust_alloc",
;;       "exports": [],
;;       "index": 4,
;;       "name": "_RNvCsfLfy6EI15iL_7___rustc12___rust_alloc",
;;       "type": "[] -> []"
;;     }
;;   ],
;;   "tables": [
;;     {
;;       "caption": "",
;;       "columns": [
;;         {
;;           "name": "index",
;;           "align": "right"
;;         },
;;         {
;;           "name": "bytes",
;;           "align": "right"
;;         },
;;         {
;;           "name": "at",
;;           "align": "right"
;;         },
;;         {
;;           "name": "name",
;;           "align": "left"
;;         },
;;         {
;;           "name": "type, import, exports",
;;           "align": "left"
;;         }
;;       ],
;;       "rows": [
;;         {
;;           "cells": [
;;             "0",
;;             "",
;;             "",
;;             "imported",
;;             "[] -> []  import \\u{1b}[2J::\\u{202e}evil"
;;           ],
;;           "mark": "none"
;;         },
;;         {
;;           "cells": [
;;             "1",
;;             "7",
;;             "0x3e",
;;             "\\u{1b}[31mred",
;;             "[i32] -> []"
;;           ],
;;           "mark": "none"
;;         },
;;         {
;;           "cells": [
;;             "2",
;;             "2",
;;             "0x46",
;;             "alloc::fmt::write",
;;             "[] -> []"
;;           ],
;;           "mark": "none"
;;         },
;;         {
;;           "cells": [
;;             "3",
;;             "2",
;;             "0x49",
;;             "core::fmt::write",
;;             "[] -> []  export \"\\u{200b}hidden\""
;;           ],
;;           "mark": "none"
;;         },
;;         {
;;           "cells": [
;;             "4",
;;             "2",
;;             "0x4c",
;;             "__rustc::__rust_alloc",
;;             "[] -> []"
;;           ],
;;           "mark": "none"
;;         }
;;       ]
;;     }
;;   ]
;; }
