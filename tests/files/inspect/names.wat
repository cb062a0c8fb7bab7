;; Names that a terminal would obey, names that several functions have, and misuse.
(module
  (import "\1b[2J" "\u{202e}evil" (func $imported))
  (func $"\1b[31mred" (param $"\u{202e}x" i32) local.get 0 drop call $imported)
  (func $_ZN5alloc3fmt5write17h0123456789abcdefE)
  (func $_ZN4core3fmt5write17h0123456789abcdefE (export "\u{200b}hidden"))
  (func $_RNvCsfLfy6EI15iL_7___rustc12___rust_alloc))

;; $ prova inspect names.wat
;;      0  imported  [] -> []  import \u{1b}[2J::\u{202e}evil
;;      1  \u{1b}[31mred  [i32] -> []  7 bytes at 0x3e
;;      2  alloc::fmt::write  [] -> []  2 bytes at 0x46
;;      3  core::fmt::write  [] -> []  2 bytes at 0x49 export "\u{200b}hidden"
;;      4  __rustc::__rust_alloc  [] -> []  2 bytes at 0x4c
;; $ prova inspect names.wat --function red
;; func1 \u{1b}[31mred [i32] -> []
;;   7 bytes of WebAssembly at 0x3e, 3 words of bytecode, proved
;;   a frame of 2 cells, which charges 80 bytes
;;   metering: none
;;
;; slots
;;   s0          parameter 0  i32  \u{202e}x
;;   s1          homes of the operand stack's cells, from the bottom
;;
;; code
;;     0x3f  local.get 0 ;; \u{202e}x                  [v1@local 0]
;;     0x41  drop                                      []
;;     0x42  call 0 ;; imported                        []
;;               0: call_import s1.. func0             effect #1
;;     0x44  end
;;               2: return
;;
;; values
;;   v1 = param 0
;; $ prova inspect names.wat --function 1 --json
;; {
;;   "format": 2,
;;   "index": 1,
;;   "name": "\u001b[31mred",
;;   "type": "[i32] -> []",
;;   "exports": [],
;;   "body": {
;;     "start": 62,
;;     "end": 69
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
;;     "result_cells": 0,
;;     "charge_bytes": 80,
;;     "words": 3
;;   },
;;   "slots": [
;;     {
;;       "first": 0,
;;       "last": 0,
;;       "role": "parameter",
;;       "local": 0,
;;       "name": "\u202ex",
;;       "type": "i32"
;;     },
;;     {
;;       "first": 1,
;;       "last": 1,
;;       "role": "home"
;;     }
;;   ],
;;   "labels": [],
;;   "handlers": [],
;;   "code": [
;;     {
;;       "side": "wasm",
;;       "offset": 63,
;;       "depth": 0,
;;       "text": "local.get 0",
;;       "name": "\u202ex",
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
;;       "offset": 65,
;;       "depth": 0,
;;       "text": "drop",
;;       "reachable": true,
;;       "stack": {
;;         "height": 0,
;;         "top": []
;;       }
;;     },
;;     {
;;       "side": "wasm",
;;       "offset": 66,
;;       "depth": 0,
;;       "text": "call 0",
;;       "name": "imported",
;;       "reachable": true,
;;       "stack": {
;;         "height": 0,
;;         "top": []
;;       }
;;     },
;;     {
;;       "side": "code",
;;       "word": 0,
;;       "offset": 66,
;;       "text": "call_import s1.. func0",
;;       "checked": true,
;;       "writes": [],
;;       "effect": 1
;;     },
;;     {
;;       "side": "wasm",
;;       "offset": 68,
;;       "depth": 0,
;;       "text": "end",
;;       "reachable": true
;;     },
;;     {
;;       "side": "code",
;;       "word": 2,
;;       "offset": 68,
;;       "text": "return",
;;       "checked": true,
;;       "writes": []
;;     }
;;   ],
;;   "values": [
;;     {
;;       "value": "v1",
;;       "operator": "param 0",
;;       "args": []
;;     }
;;   ]
;; }
;; $ prova inspect names.wat --function write
;; exit 2
;; !Error: `write` may be one of 2 functions:
;; !       2  alloc::fmt::write
;; !       3  core::fmt::write
;; $ prova inspect names.wat --function __rust_alloc
;; func4 __rustc::__rust_alloc [] -> []
;;   symbol _RNvCsfLfy6EI15iL_7___rustc12___rust_alloc
;;   2 bytes of WebAssembly at 0x4c, 1 word of bytecode, proved
;;   a frame of 0 cells, which charges 64 bytes
;;   metering: none
;;
;; slots
;;
;; code
;;     0x4d  end
;;               0: return
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
;;   "format": 2,
;;   "functions": [
;;     {
;;       "index": 0,
;;       "name": "imported",
;;       "type": "[] -> []",
;;       "import": [
;;         "\u001b[2J",
;;         "\u202eevil"
;;       ],
;;       "exports": []
;;     },
;;     {
;;       "index": 1,
;;       "name": "\u001b[31mred",
;;       "type": "[i32] -> []",
;;       "body": {
;;         "start": 62,
;;         "end": 69
;;       },
;;       "exports": []
;;     },
;;     {
;;       "index": 2,
;;       "name": "_ZN5alloc3fmt5write17h0123456789abcdefE",
;;       "demangled": "alloc::fmt::write",
;;       "type": "[] -> []",
;;       "body": {
;;         "start": 70,
;;         "end": 72
;;       },
;;       "exports": []
;;     },
;;     {
;;       "index": 3,
;;       "name": "_ZN4core3fmt5write17h0123456789abcdefE",
;;       "demangled": "core::fmt::write",
;;       "type": "[] -> []",
;;       "body": {
;;         "start": 73,
;;         "end": 75
;;       },
;;       "exports": [
;;         "\u200bhidden"
;;       ]
;;     },
;;     {
;;       "index": 4,
;;       "name": "_RNvCsfLfy6EI15iL_7___rustc12___rust_alloc",
;;       "demangled": "__rustc::__rust_alloc",
;;       "type": "[] -> []",
;;       "body": {
;;         "start": 76,
;;         "end": 78
;;       },
;;       "exports": []
;;     }
;;   ]
;; }
