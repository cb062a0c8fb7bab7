/* What the compiler's setjmp calls (clang 22, -wasm-enable-sjlj): an environment knows which call of
 * which function may be returned to, and carries the value there. CC0. */
#include <setjmp.h>

__asm__(".globl __c_longjmp\n.tagtype __c_longjmp i32\n__c_longjmp:\n");

void __wasm_setjmp(void *env, unsigned label, void *invocation) {
    jmp_buf *buf = env;
    (*buf)->invocation = invocation;
    (*buf)->label = label;
}

unsigned __wasm_setjmp_test(void *env, void *invocation) {
    jmp_buf *buf = env;
    return (*buf)->invocation == invocation ? (*buf)->label : 0;
}

_Noreturn void __wasm_longjmp(void *env, int value) {
    jmp_buf *buf = env;
    (*buf)->thrown.env = env;
    (*buf)->thrown.value = value ? value : 1;
    __builtin_wasm_throw(1, &(*buf)->thrown);
}
