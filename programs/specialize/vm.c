/* A stack machine with four programs: what `prova specialize` is tested with, and the example of its
 * page. CC0.
 *
 * `run(program, n)` interprets a program on n; if the specialiser has made a function of the program,
 * it calls that. Two interpreters come from one body: `plain` keeps all state in memory and can be
 * specialised as it is; `lean` keeps locals in registers and the stack virtual, and has a meaning
 * only once it is specialised. Programs 0 to 3 use `plain`, 4 to 7 are the same ones with `lean`. */
#include "prova_specialize.h"

PROVA_SPECIALIZE_GLOBALS()

enum { PUSH, GET, SET, ADD, SUB, MUL, DIV, REM, LESS, JUMP, JUMP_IF, LOAD, STORE, SWITCH, RETURN };

typedef struct {
    uint64_t stack[32];
    uint64_t locals[8];
    uint64_t heap[1024];
} State;

/* Operands follow their operator, unaligned: PUSH an i32, GET and SET a u8, jumps an i16 from the
 * start of the program, SWITCH a u8 and so many i16. */
static inline int32_t word(const uint8_t *at) { int32_t w; __builtin_memcpy(&w, at, 4); return w; }
static inline int16_t half(const uint8_t *at) { int16_t h; __builtin_memcpy(&h, at, 2); return h; }

#define W(x) (uint8_t)(x), (uint8_t)((uint32_t)(x) >> 8), (uint8_t)((uint32_t)(x) >> 16), (uint8_t)((uint32_t)(x) >> 24)
#define H(x) (uint8_t)(x), (uint8_t)((uint16_t)(x) >> 8)

static inline __attribute__((always_inline)) uint64_t
interpret(const uint8_t *code, State *state, uint64_t n, int lean) {
    uint32_t pc = 0;
    uint64_t *sp = state->stack;

#define MOVE(to) do { pc = (to); prova_update_context(pc); } while (0)
#define PUSH_VALUE(v) do { uint64_t v_ = (v); \
        if (lean) prova_push_stack(sp, v_); else *sp = v_; sp++; } while (0)
#define POP_VALUE() (sp--, lean ? prova_pop_stack(sp) : *sp)
#define BINARY(e) do { uint64_t b = POP_VALUE(), a = POP_VALUE(); PUSH_VALUE(e); MOVE(pc + 1); } while (0)

    if (lean) {
        prova_write_reg(0, n);
        for (uint64_t i = 1; i < 8; i++) prova_write_reg(i, 0);
    } else {
        state->locals[0] = n;
        for (int i = 1; i < 8; i++) state->locals[i] = 0;
    }
    prova_push_context(pc);
    for (;;) {
        switch (code[pc]) {
        case PUSH:
            PUSH_VALUE((uint64_t)(int64_t)word(code + pc + 1));
            MOVE(pc + 5);
            break;
        case GET: {
            uint8_t local = code[pc + 1] & 7;
            PUSH_VALUE(lean ? prova_read_reg(local) : state->locals[local]);
            MOVE(pc + 2);
            break;
        }
        case SET: {
            uint8_t local = code[pc + 1] & 7;
            uint64_t value = POP_VALUE();
            if (lean) prova_write_reg(local, value); else state->locals[local] = value;
            MOVE(pc + 2);
            break;
        }
        case ADD: BINARY(a + b); break;
        case SUB: BINARY(a - b); break;
        case MUL: BINARY(a * b); break;
        case DIV: BINARY(a / b); break;
        case REM: BINARY(a % b); break;
        case LESS: BINARY(a < b); break;
        case JUMP:
            MOVE((uint32_t)half(code + pc + 1));
            break;
        case JUMP_IF:
            if (POP_VALUE()) {
                MOVE((uint32_t)half(code + pc + 1));
            } else {
                MOVE(pc + 3);
            }
            break;
        case LOAD: {
            uint64_t at = POP_VALUE();
            PUSH_VALUE(state->heap[at & 1023]);
            MOVE(pc + 1);
            break;
        }
        case STORE: {
            uint64_t value = POP_VALUE(), at = POP_VALUE();
            state->heap[at & 1023] = value;
            MOVE(pc + 1);
            break;
        }
        case SWITCH: {
            uint8_t count = code[pc + 1];
            uint32_t value = (uint32_t)(POP_VALUE() % count);
            value = prova_specialize_value(value, 0, count - 1);
            MOVE((uint32_t)half(code + pc + 2 + 2 * value));
            break;
        }
        case RETURN: {
            uint64_t result = POP_VALUE();
            prova_pop_context();
            return result;
        }
        default:
            __builtin_trap();
        }
    }
}

__attribute__((noinline)) static uint64_t plain(const uint8_t *code, State *state, uint64_t n) {
    return interpret(code, state, n, 0);
}

__attribute__((noinline)) static uint64_t lean(const uint8_t *code, State *state, uint64_t n) {
    return interpret(code, state, n, 1);
}

/* The sum of i * i for i below n. Locals: n, i, sum. */
static const uint8_t squares[] = {
    /*   0 top */ GET, 1, GET, 0, LESS, JUMP_IF, H(11), GET, 2, RETURN,
    /*  11 body */ GET, 2, GET, 1, GET, 1, MUL, ADD, SET, 2, GET, 1, PUSH, W(1), ADD, SET, 1,
        JUMP, H(0),
};

/* How many primes are below n, at most 1024: a sieve. Locals: n, i, j, count. */
static const uint8_t primes[] = {
    /*   0 start */ PUSH, W(2), SET, 1,
    /*   7 next */ GET, 1, GET, 0, LESS, JUMP_IF, H(18), GET, 3, RETURN,
    /*  18 look */ GET, 1, LOAD, JUMP_IF, H(70), GET, 3, PUSH, W(1), ADD, SET, 3, GET, 1, GET, 1,
        MUL, SET, 2,
    /*  41 strike */ GET, 2, GET, 0, LESS, JUMP_IF, H(52), JUMP, H(70),
    /*  52 one */ GET, 2, PUSH, W(1), STORE, GET, 2, GET, 1, ADD, SET, 2, JUMP, H(41),
    /*  70 step */ GET, 1, PUSH, W(1), ADD, SET, 1, JUMP, H(7),
};

/* The steps of 3 n + 1 from all numbers below n to 1. Locals: n, i, x, steps. */
static const uint8_t collatz[] = {
    /*   0 start */ PUSH, W(1), SET, 1,
    /*   7 next */ GET, 1, GET, 0, LESS, JUMP_IF, H(18), GET, 3, RETURN,
    /*  18 begin */ GET, 1, SET, 2,
    /*  22 step */ PUSH, W(1), GET, 2, LESS, JUMP_IF, H(46), GET, 1, PUSH, W(1), ADD, SET, 1,
        JUMP, H(7),
    /*  46 go */ GET, 3, PUSH, W(1), ADD, SET, 3, GET, 2, PUSH, W(2), REM, JUMP_IF, H(80), GET, 2,
        PUSH, W(2), DIV, SET, 2, JUMP, H(22),
    /*  80 odd */ GET, 2, PUSH, W(3), MUL, PUSH, W(1), ADD, SET, 2, JUMP, H(22),
};

/* A machine of three states, driven by a sequence of pseudo-random numbers: one table for each step. Locals: n, i, state, x, count. */
static const uint8_t machine[] = {
    /*   0 start */ PUSH, W(7), SET, 3,
    /*   7 next */ GET, 1, GET, 0, LESS, JUMP_IF, H(18), GET, 4, RETURN,
    /*  18 go */ GET, 3, PUSH, W(1103515245), MUL, PUSH, W(12345), ADD, PUSH, W(2147483647), REM,
        SET, 3, GET, 1, PUSH, W(1), ADD, SET, 1, GET, 3, SWITCH, 3, H(60), H(73), H(89),
    /*  60 a */ GET, 4, PUSH, W(1), ADD, SET, 4, JUMP, H(7),
    /*  73 b */ GET, 4, GET, 4, ADD, PUSH, W(1000003), REM, SET, 4, JUMP, H(7),
    /*  89 c */ GET, 4, PUSH, W(-3), MUL, PUSH, W(1000003), REM, SET, 4, JUMP, H(7),
};

typedef uint64_t (*Interpreter)(const uint8_t *, State *, uint64_t);

static const uint8_t *const programs[4] = {squares, primes, collatz, machine};
static const uint32_t sizes[4] = {sizeof squares, sizeof primes, sizeof collatz, sizeof machine};

static State state;
static Interpreter compiled[8];
static prova_request requests[8];
static uint64_t arguments[8][64];

/* Asks for all programs; the specialiser runs it before it reads the requests. */
__attribute__((export_name("wizer-initialize"))) void initialize(void) {
    for (uint32_t i = 0; i < 8; i++) {
        prova_request *request = &requests[i];
        uint8_t *start = (uint8_t *)arguments[i], *at = start;
        at = prova_arg_memory(at, programs[i & 3], sizes[i & 3]);
        at = prova_arg_runtime(at);
        at = prova_arg_runtime(at);
        request->id = i;
        request->generic = (prova_function)(i < 4 ? plain : lean);
        request->arguments = start;
        request->arguments_size = (uint32_t)(at - start);
        request->specialized = (prova_function *)&compiled[i];
        prova_ask(request);
    }
}

__attribute__((export_name("run"))) uint64_t run(uint32_t program, uint64_t n) {
    program &= 7;
    for (int i = 0; i < 1024; i++) state.heap[i] = 0;
    Interpreter interpreter = compiled[program] ? compiled[program] : plain;
    return interpreter(programs[program & 3], &state, n);
}

/* Whether a program has a function of its own. */
__attribute__((export_name("is_compiled"))) uint32_t is_compiled(uint32_t program) {
    return compiled[program & 7] != 0;
}
