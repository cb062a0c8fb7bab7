/* The interpreter of the tutorial: a calculator that reads its program from text. One body serves
 * both ways. CC0.
 *
 * A program is a line of characters: a digit is pushed, `n` pushes the argument, `a` to `h` push
 * a variable and `A` to `H` pop into one, `+ - * < %` work on the two numbers on top. `[` goes
 * behind its `]` if the number it pops is 0, `]` goes back to its `[`; `.` ends with the number on
 * top. */
#include "prova_specialize.h"

PROVA_SPECIALIZE_GLOBALS()

typedef struct {
    uint64_t stack[16];
    uint64_t variables[8];
} State;

/* Where the bracket that belongs to the one at a place is. */
static uint32_t partner(const char *text, uint32_t pc) {
    int step = text[pc] == '[' ? 1 : -1, depth = 0;
    do {
        depth += text[pc] == '[' ? 1 : text[pc] == ']' ? -1 : 0;
        pc += step;
    } while (depth != 0);
    return pc - step;
}

#define STEP(to) do { pc = (to); prova_update_context(pc); } while (0)
#define PUSH(value) do { prova_push_stack(sp, (value)); sp++; } while (0)
#define POP() (sp--, prova_pop_stack(sp))
#define BINARY(e) do { uint64_t b = POP(), a = POP(); PUSH(e); STEP(pc + 1); } while (0)

/* `jumps` has, for each character of the text, where its bracket's partner is. */
static uint64_t run(const char *text, const uint32_t *jumps, State *state, uint64_t n) {
    uint32_t pc = 0;
    uint64_t *sp = state->stack;
    for (uint32_t i = 0; i < 8; i++) state->variables[i] = 0;
    prova_push_context(pc);
    for (;;) {
        char c = text[pc];
        switch (c) {
        case '0' ... '9':
            PUSH(c - '0');
            STEP(pc + 1);
            break;
        case 'n':
            PUSH(n);
            STEP(pc + 1);
            break;
        case 'a' ... 'h':
            PUSH(prova_read_local(&state->variables[c - 'a'], c - 'a'));
            STEP(pc + 1);
            break;
        case 'A' ... 'H': {
            uint64_t value = POP();
            prova_write_local(&state->variables[c - 'A'], c - 'A', value);
            STEP(pc + 1);
            break;
        }
        case '+': BINARY(a + b); break;
        case '-': BINARY(a - b); break;
        case '*': BINARY(a * b); break;
        case '<': BINARY(a < b); break;
        case '%': BINARY(b ? a % b : 0); break;
        case '[':
            if (POP()) {
                STEP(pc + 1);
            } else {
                STEP(jumps[pc] + 1);
            }
            break;
        case ']':
            STEP(jumps[pc]);
            break;
        case '.': {
            uint64_t result = POP();
            prova_pop_context();
            return result;
        }
        default:
            STEP(pc + 1);
        }
    }
}

/* The sum of i * i % 7 for i below n; `[` finds the condition again each time. */
static const char text[] = "0A 0B  an< [ ba a* 7% + B a1+ A an< ] b.";

typedef uint64_t (*Run)(const char *, const uint32_t *, State *, uint64_t);

static uint32_t jumps[sizeof text];
static State state;
static Run compiled;
static prova_request request;
static uint8_t arguments[4 * 16 + sizeof text + sizeof jumps + 16];

PROVA_INITIALIZER void initialize(void) {
    uint8_t *at = arguments;
    for (uint32_t i = 0; i < sizeof text; i++) {
        if (text[i] == '[' || text[i] == ']') jumps[i] = partner(text, i);
    }
    at = prova_arg_memory(at, text, sizeof text);
    at = prova_arg_memory(at, jumps, sizeof jumps);
    at = prova_arg_runtime(at);
    at = prova_arg_runtime(at);
    request.generic = (prova_function)run;
    request.arguments = arguments;
    request.arguments_size = (uint32_t)(at - arguments);
    request.specialized = (prova_function *)&compiled;
    prova_ask(&request);
}

PROVA_EXPORT("run") uint64_t run_on(uint64_t n) {
    if (!request.generic) initialize(); /* the module is as it was built */
    Run f = compiled ? compiled : run;
    return f(text, jumps, &state, n);
}

#ifndef __wasm__
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
    initialize();
    printf("%llu\n", (unsigned long long)run_on(argc > 1 ? strtoull(argv[1], 0, 10) : 10));
}
#endif
