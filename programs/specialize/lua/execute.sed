# lvm.c: every change of the program counter tells it, and calls between Lua functions go through
# luaV_enter. The text is cut into what stands before luaV_execute and luaV_execute itself.
s/i = \*(pc++);/i = *pc; STEP(1);/
s/\bpc++;/STEP(1);/g
s/\bpc += \([^;]*\);/STEP(\1);/g
s/\bpc -= \([^;]*\);/STEP(-(\1));/g
s/^void luaV_execute (lua_State \*L, CallInfo \*ci) {/EXECUTE {/
s/^  k = cl->p->k;/  START_K;/
s/^  pc = ci->u.l.savedpc;/  START_PC;/
s/^  TValue \*k;/  DECLARE_K/
s/^          ci = newci;/          ENTER(newci);/
s/^          goto startfunc;  \/\* execute the callee/          TAIL(ci);  \/* execute the callee/
s/^          goto startfunc;/          AGAIN;/
s/^          return;  \/\* end this frame/          LEAVE;  \/* end this frame/
s/^          goto returning;/          RETURNING;/
s/^          ci = ci->previous;/          PREVIOUS;/
s/^ startfunc:/ START_LABEL/
s/^ returning:/ RETURNING_LABEL/
s/^    trap = luaG_traceexec(L, pc);  .*\\/    TRACE \\/
s/^        updatestack(ci);  .*may have changed.*/        RESTACK/
s/^  base = ci->func.p + 1;/  START_BASE;/
s/^  StkId base;/  DECLARE_BASE/
