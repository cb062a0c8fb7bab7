/* Before every file of Lua: what WASI lacks. CC0. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#define l_signalT int
#define system(command) ((void)(command), -1)
#define lua_tmpnam(b, e) { (void)(b); e = 1; }
#define LUA_TMPNAMBUFSIZE 32
#define tmpfile() NULL
#define LUA_USE_JUMPTABLE 0
#ifdef TRAPS
#define luai_jmpbuf int
#define LUAI_THROW(L, c) abort()
#define LUAI_TRY(L, c, a) { a }
#endif
