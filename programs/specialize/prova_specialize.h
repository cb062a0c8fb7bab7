/* The specialiser's side of an interpreter: what it calls to be compiled to its programs, and the
 * records by which it asks for that.
 *
 * Names of imports, layouts and meanings are those of weval 0.5.1, so a program may use either
 * header. CC0.
 *
 * An interpreter that is to be specialised
 *   1. tells its program counter: prova_push_context(pc) before its loop,
 *      prova_update_context(pc) right after EVERY change of pc and nowhere else, on each arm by
 *      itself, prova_pop_context() behind the loop;
 *   2. reads its program through a pointer that is a parameter, and asks with that parameter as a
 *      prova_arg_memory.
 * One body serves both ways: in code that is not specialised, contexts and assertions are nothing,
 * prova_specialize_value is its value, and the virtual stack and virtual locals are loads and stores
 * of their cells. Registers and globals of a request alone have a meaning in specialised code only,
 * and trap elsewhere. (weval 0.5.1 puts traps in the place of the stack and of locals, too.)
 *
 * With PROVA_PLAIN, and on other targets than WebAssembly, nothing is imported: all of this holds,
 * and asking does nothing. So the interpreter runs natively, or in a module as it is. */
#pragma once

#include <stdint.h>

#if !defined(__wasm__) && !defined(PROVA_PLAIN)
#define PROVA_PLAIN
#endif

#ifdef __cplusplus
extern "C" {
#endif

#ifdef PROVA_PLAIN
#define PROVA_EXPORT(name)

static inline void prova_push_context(uint32_t pc) { (void)pc; }
static inline void prova_update_context(uint32_t pc) { (void)pc; }
static inline void prova_pop_context(void) {}
static inline uint32_t prova_specialize_value(uint32_t value, uint32_t low, uint32_t high) {
    (void)low, (void)high;
    return value;
}
static inline uint64_t prova_read_global(uint32_t index) { (void)index; __builtin_trap(); }
static inline uint64_t prova_read_reg(uint64_t index) { (void)index; __builtin_trap(); }
static inline void prova_write_reg(uint64_t index, uint64_t value) {
    (void)index, (void)value;
    __builtin_trap();
}
static inline void prova_push_stack(uint64_t *cell, uint64_t value) { *cell = value; }
static inline uint64_t prova_pop_stack(uint64_t *cell) { return *cell; }
static inline uint64_t prova_read_stack(uint64_t *cell, uint32_t depth) {
    (void)depth;
    return *cell;
}
static inline void prova_write_stack(uint64_t *cell, uint32_t depth, uint64_t value) {
    (void)depth;
    *cell = value;
}
static inline void prova_sync_stack(void) {}
static inline uint64_t prova_read_local(const uint64_t *cell, uint32_t index) {
    (void)index;
    return *cell;
}
static inline void prova_write_local(uint64_t *cell, uint32_t index, uint64_t value) {
    (void)index;
    *cell = value;
}
static inline void prova_assert_constant(uint32_t value, uint32_t line) { (void)value, (void)line; }
static inline void prova_abort(uint32_t line, uint32_t fatal) { (void)line, (void)fatal; }

#else
#define PROVA_EXPORT(name) __attribute__((export_name(name)))
#define PROVA_INTRINSIC(name) \
    __attribute__((import_module("weval"), import_name(name), nomerge))

/* --- the program counter ------------------------------------------------------------------- */

PROVA_INTRINSIC("push.context") void prova_push_context(uint32_t pc);
PROVA_INTRINSIC("update.context") void prova_update_context_(uint32_t pc);
PROVA_INTRINSIC("pop.context") void prova_pop_context(void);

/* Two arms that end with this must not become one call with either's counter. `nomerge` says so to
 * the compiler's middle; its back end does not look at that, but never joins unequal assembly. */
#define prova_update_context(pc)                                                                \
    __extension__({ prova_update_context_(pc); __asm__ volatile("" : : "i"(__COUNTER__)); })

/* The value, which lies in low..=high; what follows is compiled once for each. */
PROVA_INTRINSIC("specialize.value")
uint32_t prova_specialize_value(uint32_t value, uint32_t low, uint32_t high);

/* A constant of the request. */
PROVA_INTRINSIC("read.specialization.global") uint64_t prova_read_global(uint32_t index);

/* --- state of the interpreted program that need not be in memory ---------------------------- */

/* Registers: variables of this activation, by constant numbers. In specialised code only. */
PROVA_INTRINSIC("read.reg") uint64_t prova_read_reg(uint64_t index);
PROVA_INTRINSIC("write.reg") void prova_write_reg(uint64_t index, uint64_t value);

/* A stack of 8-byte cells whose stores are put off, and left out once a cell is popped. The pointer
 * is the cell's own address each time (of prova_read_stack and prova_write_stack: that of the cell
 * that was pushed so many pushes ago). Nothing else may touch these cells before a sync: so sync
 * before a call of what does, because a call that a compiler or linker inlines is no call. */
PROVA_INTRINSIC("push.stack") void prova_push_stack(uint64_t *cell, uint64_t value);
PROVA_INTRINSIC("pop.stack") uint64_t prova_pop_stack(uint64_t *cell);
PROVA_INTRINSIC("read.stack") uint64_t prova_read_stack(uint64_t *cell, uint32_t depth);
PROVA_INTRINSIC("write.stack")
void prova_write_stack(uint64_t *cell, uint32_t depth, uint64_t value);
PROVA_INTRINSIC("sync.stack") void prova_sync_stack(void);

/* The same for cells with constant numbers. */
PROVA_INTRINSIC("read.local") uint64_t prova_read_local(const uint64_t *cell, uint32_t index);
PROVA_INTRINSIC("write.local")
void prova_write_local(uint64_t *cell, uint32_t index, uint64_t value);

/* --- what must hold -------------------------------------------------------------------------- */

/* Refuses the request where the value is not constant; where this comes by, unless fatal is 0. */
PROVA_INTRINSIC("assert.const32") void prova_assert_constant(uint32_t value, uint32_t line);
PROVA_INTRINSIC("abort.specialization") void prova_abort(uint32_t line, uint32_t fatal);
#endif

#ifdef __cplusplus
}
#endif

/* --- requests ------------------------------------------------------------------------------- */

typedef void (*prova_function)(void);

typedef struct prova_request {
    struct prova_request *next, *prev;
    uint32_t id;            /* the program's own number */
    uint32_t globals;       /* how many of the arguments are globals; they come first */
    prova_function generic; /* the interpreter */
    uint8_t *arguments;
    uint32_t arguments_size;
    prova_function *specialized; /* where it goes, for each request another; else stays 0 */
} prova_request;

enum {
    PROVA_I32 = 0, PROVA_I64 = 1, PROVA_F32 = 2, PROVA_F64 = 3, PROVA_MEMORY = 4, PROVA_NONE = 255
};

/* Once in a program. */
#define PROVA_SPECIALIZE_GLOBALS()                                                              \
    prova_request *prova_pending;                                                               \
    PROVA_EXPORT("weval.pending.head") prova_request **prova_pending_(void) {                   \
        return &prova_pending;                                                                  \
    }                                                                                           \
    uint8_t prova_is_specialized; /* 1 once the module is what the specialiser has made */      \
    PROVA_EXPORT("weval.is.wevaled") uint8_t *prova_is_specialized_(void) {                     \
        return &prova_is_specialized;                                                           \
    }

extern prova_request *prova_pending;
extern uint8_t prova_is_specialized;

/* Before the function that runs when the module is initialised (`prova specialize -w`). In a WASI
 * command it begins with a call of __wasm_call_ctors; in a reactor it must not call that, because
 * `_initialize` has run before it. */
#define PROVA_INITIALIZER PROVA_EXPORT("wizer-initialize")

/* Appends an entry to a buffer of arguments and gives the rest of it. */
static inline uint8_t *prova_arg_(uint8_t *at, uint32_t specialize, uint32_t type, uint64_t value) {
    uint32_t words[4] = {specialize, type, (uint32_t)value, (uint32_t)(value >> 32)};
    __builtin_memcpy(at, words, 16);
    return at + 16;
}

static inline uint8_t *prova_arg_i32(uint8_t *at, uint32_t value) {
    return prova_arg_(at, 1, PROVA_I32, value);
}

static inline uint8_t *prova_arg_i64(uint8_t *at, uint64_t value) {
    return prova_arg_(at, 1, PROVA_I64, value);
}

/* An argument that comes at run time. */
static inline uint8_t *prova_arg_runtime(uint8_t *at) { return prova_arg_(at, 0, PROVA_NONE, 0); }

/* A pointer to bytes that never change; needs 16 + size, up to the next 8, bytes. */
static inline uint8_t *prova_arg_memory(uint8_t *at, const void *bytes, uint32_t size) {
    uint32_t padded = (size + 7) & ~7u;
    at = prova_arg_(at, 1, PROVA_MEMORY, size | (uint64_t)padded << 32);
    for (uint32_t i = 0; i < padded; i++) {
        at[i] = i < size ? ((const uint8_t *)bytes)[i] : 0;
    }
    return at + padded;
}

/* Asks for a function; the record and its arguments stay where they are. */
static inline void prova_ask(prova_request *request) {
    request->prev = 0;
    request->next = prova_pending;
    if (prova_pending) {
        prova_pending->prev = request;
    }
    prova_pending = request;
}
