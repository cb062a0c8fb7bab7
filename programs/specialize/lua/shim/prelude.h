/* Before every file of Lua: what WASI lacks. CC0. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#define l_signalT int
#define luai_jmpbuf int
#define LUAI_THROW(L, c) __builtin_trap()
#define LUAI_TRY(L, c, a) { a }
#define system(command) ((void)(command), -1)
#define lua_tmpnam(b, e) { (void)(b); e = 1; }
#define LUA_TMPNAMBUFSIZE 32
#define tmpfile() NULL
#define LUA_USE_JUMPTABLE 0
