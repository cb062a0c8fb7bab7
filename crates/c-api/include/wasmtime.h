/* wasmtime.h: for programs that include this name. Prova has the part of it that `prova.h` lists. */

#ifndef WASMTIME_API_H
#define WASMTIME_API_H

#include "prova.h"

#endif /* WASMTIME_API_H */
