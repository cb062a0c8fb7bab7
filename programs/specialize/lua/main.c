/* A program in Lua with its interpreter: the script is read when the module is initialised, and run
 * afterwards with the command's arguments. CC0. */
#include <stdio.h>
#include <stdlib.h>
#include "lua.h"
#include "lauxlib.h"
#include "lualib.h"
#ifndef PLAIN
#include "prova_specialize.h"
PROVA_SPECIALIZE_GLOBALS()
void luaV_ask(lua_State *L);
#endif

static const char script[] = {
#embed SCRIPT
};

static lua_State *state;

/* The state has the script as a function on its stack. */
static void load(void) {
  state = luaL_newstate();
  luaL_openlibs(state);
  if (luaL_loadbuffer(state, script, sizeof script, "=script") != LUA_OK) {
    fprintf(stderr, "%s\n", lua_tostring(state, -1));
    abort();
  }
}

int main(int argc, char **argv) {
  if (!state) load();
  lua_createtable(state, argc, 0);
  for (int i = 0; i < argc; i++) {
    lua_pushstring(state, argv[i]);
    lua_rawseti(state, -2, i);
  }
  lua_setglobal(state, "arg");
  for (int i = 1; i < argc; i++) lua_pushstring(state, argv[i]);
  lua_call(state, argc > 0 ? argc - 1 : 0, 0);
  return 0;
}

#ifndef PLAIN
void __wasm_call_ctors(void);
int __main_void(void);

__attribute__((export_name("wizer-initialize"))) void initialize(void) {
  __wasm_call_ctors();
  load();
  luaV_ask(state);
}

__attribute__((export_name("wizer.resume"))) void resume(void) {
  int status = __main_void();
  exit(status);
}
#endif
