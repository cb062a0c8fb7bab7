/* prova.h: Prova's own C API. It has the part of `wasmtime.h` (of Wasmtime 48) that means the same
 * here, under Wasmtime's names; what has no meaning here is absent, so that a program which needs it
 * does not compile. Names that begin with `prova_` are Prova's alone.
 *
 * | header            | has                                                              |
 * |-------------------|------------------------------------------------------------------|
 * | wasm.h            | the standard C API                                               |
 * | wasi.h            | what a WASI program is granted                                   |
 * | prova/engine.h    | configuration, engine                                            |
 * | prova/store.h     | errors, traps by code, stores, fuel, epochs                      |
 * | prova/module.h    | modules, text to binary                                          |
 * | prova/object.h    | handles, values, functions, globals, tables, memories, instances |
 * | prova/linker.h    | imports by name                                                  |
 * | prova/async.h     | calls that wait                                                  |
 * | prova/profiling.h | profiles of programs                                             |
 *
 * Handles of objects (`wasmtime_func_t` and so on) are plain data: copy them, never delete them.
 * They mean something as long as their store lives, and in it alone. A handle of another store is
 * refused: by an error where the function can give one, otherwise the process ends with a message.
 *
 * Functions that give a `wasmtime_error_t*` give NULL if all is well; the program deletes the error.
 * Those that run code also take a `wasm_trap_t**`: at most one of the two is set.
 *
 * A store, its context and everything in it are used by one thread at a time. Engines, modules and
 * linkers may be shared; `wasmtime_engine_increment_epoch` may be called from any thread at any time.
 */

#ifndef PROVA_H
#define PROVA_H

#include "wasm.h"

#include "wasi.h"

#include "prova/async.h"
#include "prova/engine.h"
#include "prova/linker.h"
#include "prova/module.h"
#include "prova/object.h"
#include "prova/profiling.h"
#include "prova/store.h"

#define PROVA_VERSION "0.1.0"
#define PROVA_VERSION_MAJOR 0
#define PROVA_VERSION_MINOR 1
#define PROVA_VERSION_PATCH 0

#endif /* PROVA_H */
