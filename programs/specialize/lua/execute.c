/* Lua's interpreter twice: as it is, and as a function that is specialised to each prototype. CC0.
 *
 * build.sh makes head.inc and body.inc of lvm.c: what stands before luaV_execute, and its body with
 * every change of the program counter as STEP. The first copy is Lua's own and runs whatever has no
 * function of its own. The second one runs a single frame: code and constants are parameters, and so
 * is the frame's base, so that stores to registers are known not to reach them. Where the stack has
 * moved, it leaves the rest of the frame to the first copy. */
#include "prova_specialize.h"

#define STEP(n) (pc += (n))
#include "head.inc"

typedef int (*Compiled)(lua_State *L, CallInfo *ci, const Instruction *code, const TValue *k,
                        StkId base);

/* How a frame ends: it returned; its place has a callee's frame, which is to be run; the stack has
 * moved, or a hook waits, and the interpreter is to go on. */
enum { DONE, TAIL_CALL, LEFT };

/* Calls of Lua functions by compiled ones take C's stack: deeper ones are interpreted. */
enum { DEPTH_MAX = 150 };

static void luaV_interpret(lua_State *L, CallInfo *ci);

static Compiled compiled_of(lua_State *L, CallInfo *ci) {
  Proto *p = ci_func(ci)->p;
  int starts = ci->u.l.savedpc == p->code && L->hookmask == 0;
  return starts && getCcalls(L) < DEPTH_MAX ? (Compiled)p->compiled : NULL;
}

/* Runs a frame that is marked as fresh. */
void luaV_execute(lua_State *L, CallInfo *ci) {
  Compiled compiled;
  while ((compiled = compiled_of(L, ci)) != NULL) {
    Proto *p = ci_func(ci)->p;
    if (p->is_vararg) luaT_adjustvarargs(L, p->numparams, ci, p);
    L->nCcalls++;
    int end = compiled(L, ci, p->code, p->k, ci->func.p + 1);
    L->nCcalls--;
    if (end == DONE) return;
    if (end == LEFT) break;
  }
  luaV_interpret(L, ci);
}

/* --- Lua's own ------------------------------------------------------------------------------- */

#define EXECUTE static void luaV_interpret(lua_State *L, CallInfo *ci)
#define DECLARE_K TValue *k;
#define DECLARE_BASE StkId base;
#define START_K k = cl->p->k
#define START_PC pc = ci->u.l.savedpc
#define START_BASE base = ci->func.p + 1
#define TRACE trap = luaG_traceexec(L, pc);
#define RESTACK updatestack(ci);
#define START_LABEL startfunc:
#define RETURNING_LABEL returning:
#define ENTER(newci)                                                  \
  if (compiled_of(L, newci)) {                                        \
    newci->callstatus |= CIST_FRESH;                                  \
    luaV_execute(L, newci);                                           \
    updatetrap(ci);                                                   \
    vmbreak;                                                          \
  }                                                                   \
  ci = newci
#define AGAIN goto startfunc
#define TAIL(ci) goto startfunc
#define LEAVE return
#define RETURNING goto returning
#define PREVIOUS ci = ci->previous
#include "body.inc"

/* --- one frame --------------------------------------------------------------------------------- */

#undef STEP
#undef EXECUTE
#undef DECLARE_K
#undef DECLARE_BASE
#undef START_K
#undef START_PC
#undef START_BASE
#undef TRACE
#undef RESTACK
#undef START_LABEL
#undef RETURNING_LABEL
#undef ENTER
#undef AGAIN
#undef TAIL
#undef LEAVE
#undef RETURNING
#undef PREVIOUS
#define STEP(n) (pc += (n), prova_update_context((uint32_t)pc))
#define EXECUTE                                                       \
  __attribute__((noinline)) static int luaV_frame(                    \
    lua_State *L, CallInfo *ci, const Instruction *code, const TValue *k_, StkId base)
#define DECLARE_K TValue *k = (TValue *)k_;
#define DECLARE_BASE
#define START_K
#define START_PC                                                      \
  pc = code + (GET_OPCODE(*code) == OP_VARARGPREP);                   \
  prova_push_context((uint32_t)pc)
#define START_BASE
#define TRACE { savepc(L); return LEFT; }
#define RESTACK if (l_unlikely(trap)) TRACE
#define START_LABEL
#define RETURNING_LABEL
#define ENTER(newci)                                                  \
  newci->callstatus |= CIST_FRESH;                                    \
  luaV_execute(L, newci);                                             \
  updatetrap(ci)
#define AGAIN
#define TAIL(ci) return TAIL_CALL
#define LEAVE return DONE
#define RETURNING return DONE
#define PREVIOUS
#include "body.inc"

/* --- what is asked for -------------------------------------------------------------------------- */

static void ask(Proto *p) {
  uint32_t code = p->sizecode * sizeof(Instruction), k = p->sizek * sizeof(TValue);
  prova_request *request = calloc(1, sizeof *request);
  uint8_t *start = malloc(5 * 16 + code + k + 16), *at = start;
  at = prova_arg_runtime(at);
  at = prova_arg_runtime(at);
  at = prova_arg_memory(at, p->code, code);
  at = k ? prova_arg_memory(at, p->k, k) : prova_arg_runtime(at);
  at = prova_arg_runtime(at);
  request->id = p->linedefined;
  request->generic = (prova_function)luaV_frame;
  request->arguments = start;
  request->arguments_size = at - start;
  request->specialized = (prova_function *)&p->compiled;
  prova_ask(request);
  for (int i = 0; i < p->sizep; i++) ask(p->p[i]);
}

/* Asks for a function for the Lua function on the stack's top, and for all in it. */
void luaV_ask(lua_State *L) {
  ask(clLvalue(s2v(L->top.p - 1))->p);
}
