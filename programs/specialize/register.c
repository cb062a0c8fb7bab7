/* A machine with sixteen registers and four programs. CC0.
 *
 * Registers are what `prova_read_reg` is for: variables of an activation that are never stored. So
 * there are two interpreters of one body, as in vm.c: `plain` keeps registers in memory and is what
 * runs where nothing was made; `lean` has a meaning only once it is specialised.
 * `run(program, n)` runs a program on n, from `lean`'s function if there is one. */
#include "prova_specialize.h"

PROVA_SPECIALIZE_GLOBALS()

/* An instruction is one word: an operator and three numbers of a byte. `s` is the last one, signed;
 * jumps count instructions from the next one. */
enum {
    SET,     /* a = b c, a signed number of two bytes */
    COPY,    /* a = b */
    ADD, SUB, MUL, DIV, REM, AND, XOR, SHL, SHR, /* a = b op c */
    ADD_NUMBER, MUL_NUMBER, AND_NUMBER, SHR_NUMBER, /* a = b op s */
    LOAD,    /* a = heap[b + s] */
    STORE,   /* heap[b + s] = a */
    JUMP,    /* s */
    IF_LESS, /* a < b: s */
    IF_EQUAL, IF_ZERO, /* a = b, a = 0: s */
    CHOOSE,  /* on by one instruction of the next b, by a */
    RETURN   /* a */
};

#define HEAP 1024

typedef struct {
    uint64_t registers[16];
    uint64_t heap[HEAP];
} State;

__attribute__((always_inline)) static inline uint64_t
interpret(const uint32_t *code, State *state, uint64_t n, int lean) {
    uint32_t pc = 0;

#define STEP(to) do { pc = (to); prova_update_context(pc); } while (0)
#define NEXT() STEP(pc + 1)
#define GET(number) (lean ? prova_read_reg(number) : state->registers[number])
#define PUT(number, value)                                                  \
    do {                                                                    \
        uint64_t value_ = (value);                                          \
        if (lean) prova_write_reg(number, value_);                          \
        else state->registers[number] = value_;                             \
    } while (0)
#define THREE(name, e)                                                      \
    case name: {                                                            \
        uint64_t x = GET(b), y = GET(c);                                    \
        PUT(a, e);                                                          \
        NEXT();                                                             \
        break;                                                              \
    }
#define NUMBER(name, e)                                                     \
    case name: {                                                            \
        uint64_t x = GET(b), y = (uint64_t)(int64_t)s;                      \
        PUT(a, e);                                                          \
        NEXT();                                                             \
        break;                                                              \
    }
#define IF(name, condition)                                                 \
    case name:                                                              \
        if (condition) {                                                    \
            STEP(pc + 1 + (uint32_t)s);                                     \
        } else {                                                            \
            NEXT();                                                         \
        }                                                                   \
        break;

    for (uint64_t i = 1; i < 16; i++) PUT(i, 0);
    PUT(0, n);
    prova_push_context(pc);
    for (;;) {
        uint32_t word = code[pc];
        uint64_t a = word >> 8 & 15, b = word >> 16 & 15, c = word >> 24 & 15;
        int32_t s = (int32_t)word >> 24;
        switch (word & 255) {
        case SET: PUT(a, (uint64_t)(int64_t)((int32_t)word >> 16)); NEXT(); break;
        case COPY: PUT(a, GET(b)); NEXT(); break;
        THREE(ADD, x + y) THREE(SUB, x - y) THREE(MUL, x * y) THREE(DIV, x / y) THREE(REM, x % y)
        THREE(AND, x & y) THREE(XOR, x ^ y) THREE(SHL, x << (y & 63)) THREE(SHR, x >> (y & 63))
        NUMBER(ADD_NUMBER, x + y) NUMBER(MUL_NUMBER, x * y) NUMBER(AND_NUMBER, x & y)
        NUMBER(SHR_NUMBER, x >> (y & 63))
        case LOAD: PUT(a, state->heap[GET(b) + (uint64_t)(int64_t)s & HEAP - 1]); NEXT(); break;
        case STORE: state->heap[GET(b) + (uint64_t)(int64_t)s & HEAP - 1] = GET(a); NEXT(); break;
        case JUMP: STEP(pc + 1 + (uint32_t)s); break;
        IF(IF_LESS, GET(a) < GET(b)) IF(IF_EQUAL, GET(a) == GET(b)) IF(IF_ZERO, GET(a) == 0)
        case CHOOSE: {
            uint32_t count = word >> 16 & 255;
            uint32_t which = prova_specialize_value((uint32_t)(GET(a) % count), 0, count - 1);
            STEP(pc + 1 + which);
            break;
        }
        case RETURN: {
            uint64_t result = GET(a);
            prova_pop_context();
            return result;
        }
        default: __builtin_trap();
        }
    }
}

__attribute__((noinline)) static uint64_t plain(const uint32_t *code, State *state, uint64_t n) {
    return interpret(code, state, n, 0);
}

__attribute__((noinline)) static uint64_t lean(const uint32_t *code, State *state, uint64_t n) {
    return interpret(code, state, n, 1);
}

#define I(op, a, b, c)                                                      \
    ((uint32_t)(op) | (uint32_t)(a) << 8 | (uint32_t)((b) & 255) << 16 | (uint32_t)((c) & 255) << 24)
#define S(a, number) I(SET, a, number, (number) >> 8)

/* The sum of i^5 modulo 10007, for i below n. */
static const uint32_t powers[] = {
    S(1, 0), S(2, 0), S(3, 10007),
    /* 3 */ I(IF_LESS, 1, 0, 1), I(RETURN, 2, 0, 0),
    /* 5 */ I(REM, 4, 1, 3), I(MUL, 5, 4, 4), I(REM, 5, 5, 3), I(MUL, 5, 5, 5), I(REM, 5, 5, 3),
    I(MUL, 5, 5, 4), I(ADD, 2, 2, 5), I(REM, 2, 2, 3), I(ADD_NUMBER, 1, 1, 1), I(JUMP, 0, 0, -12),
};

/* How many pairs below n have no common divisor (Euclid). */
static const uint32_t pairs[] = {
    S(1, 1), S(3, 0), S(8, 1),
    /* 3 a */ I(IF_LESS, 1, 0, 1), I(RETURN, 3, 0, 0), S(2, 1),
    /* 6 b */ I(IF_LESS, 2, 1, 2), I(ADD_NUMBER, 1, 1, 1), I(JUMP, 0, 0, -6),
    /* 9 */ I(COPY, 4, 1, 0), I(COPY, 5, 2, 0),
    /* 11 */ I(IF_ZERO, 5, 0, 4), I(REM, 6, 4, 5), I(COPY, 4, 5, 0), I(COPY, 5, 6, 0),
    I(JUMP, 0, 0, -5),
    /* 16 */ I(IF_EQUAL, 4, 8, 1), I(JUMP, 0, 0, 1), I(ADD_NUMBER, 3, 3, 1),
    I(ADD_NUMBER, 2, 2, 1), I(JUMP, 0, 0, -15),
};

/* Sorts n pseudo-random numbers, at most 1024, by insertion; their sum, each times its place. */
static const uint32_t sort[] = {
    S(1, 0), S(2, 12345), S(6, 31821), S(7, 4095),
    /* 4 fill */ I(IF_LESS, 1, 0, 2), S(1, 1), I(JUMP, 0, 0, 7),
    /* 7 */ I(MUL, 2, 2, 6), I(ADD_NUMBER, 2, 2, 13), I(SHR_NUMBER, 4, 2, 5), I(AND, 4, 4, 7),
    I(STORE, 4, 1, 0), I(ADD_NUMBER, 1, 1, 1), I(JUMP, 0, 0, -10),
    /* 14 next */ I(IF_LESS, 1, 0, 3), S(1, 0), S(3, 0), I(JUMP, 0, 0, 11),
    /* 18 */ I(LOAD, 4, 1, 0), I(COPY, 5, 1, 0),
    /* 20 down */ I(IF_ZERO, 5, 0, 5), I(LOAD, 8, 5, -1), I(IF_LESS, 8, 4, 3), I(STORE, 8, 5, 0),
    I(ADD_NUMBER, 5, 5, -1), I(JUMP, 0, 0, -6),
    /* 26 */ I(STORE, 4, 5, 0), I(ADD_NUMBER, 1, 1, 1), I(JUMP, 0, 0, -15),
    /* 29 sum */ I(IF_LESS, 1, 0, 1), I(RETURN, 3, 0, 0),
    I(LOAD, 4, 1, 0), I(MUL, 4, 4, 1), I(ADD, 3, 3, 4), I(ADD_NUMBER, 1, 1, 1), I(JUMP, 0, 0, -7),
};

/* A machine of four states, driven by pseudo-random numbers. */
static const uint32_t machine[] = {
    S(1, 0), S(2, 7), S(3, 0), S(4, 31821), S(6, 32749),
    /* 5 */ I(IF_LESS, 1, 0, 1), I(RETURN, 3, 0, 0), I(ADD_NUMBER, 1, 1, 1), I(MUL, 2, 2, 4),
    I(ADD_NUMBER, 2, 2, 13), I(REM, 2, 2, 6), I(CHOOSE, 2, 4, 0),
    /* 12 */ I(JUMP, 0, 0, 3), I(JUMP, 0, 0, 4), I(JUMP, 0, 0, 5), I(JUMP, 0, 0, 7),
    /* 16 */ I(ADD_NUMBER, 3, 3, 1), I(JUMP, 0, 0, -13),
    /* 18 */ I(XOR, 3, 3, 2), I(JUMP, 0, 0, -15),
    /* 20 */ I(MUL_NUMBER, 3, 3, 3), I(REM, 3, 3, 6), I(JUMP, 0, 0, -18),
    /* 23 */ I(SHR_NUMBER, 3, 3, 1), I(JUMP, 0, 0, -20),
};

typedef uint64_t (*Interpreter)(const uint32_t *, State *, uint64_t);

static const uint32_t *const programs[4] = {powers, pairs, sort, machine};
static const uint32_t sizes[4] = {sizeof powers, sizeof pairs, sizeof sort, sizeof machine};

static State state;
static Interpreter compiled[4];
static prova_request requests[4];
static uint64_t arguments[4][32];

PROVA_INITIALIZER void initialize(void) {
    for (uint32_t i = 0; i < 4; i++) {
        uint8_t *start = (uint8_t *)arguments[i], *at = start;
        at = prova_arg_memory(at, programs[i], sizes[i]);
        at = prova_arg_runtime(at);
        at = prova_arg_runtime(at);
        requests[i].id = i;
        requests[i].generic = (prova_function)lean;
        requests[i].arguments = start;
        requests[i].arguments_size = (uint32_t)(at - start);
        requests[i].specialized = (prova_function *)&compiled[i];
        prova_ask(&requests[i]);
    }
}

PROVA_EXPORT("run") uint64_t run(uint32_t program, uint64_t n) {
    program &= 3;
    for (int i = 0; i < HEAP; i++) state.heap[i] = 0;
    return (compiled[program] ? compiled[program] : plain)(programs[program], &state, n);
}
