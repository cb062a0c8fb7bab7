/* setjmp over exceptions: the compiler makes of each call of setjmp a catch in its function. */
#pragma once
typedef struct {
    void *invocation;
    unsigned label;
    struct { void *env; int value; } thrown;
} jmp_buf[1];
int setjmp(jmp_buf) __attribute__((returns_twice));
_Noreturn void longjmp(jmp_buf, int);
