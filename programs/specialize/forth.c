/* A small Forth: words become bytecode, and each word is a program of the inner interpreter. CC0.
 *
 * The data stack is virtual; the return stack, which holds loops' counts, is memory. A word calls
 * another one through C: its compiled function, if it has one. Built as a command for WASI:
 *
 *     clang-22 --target=wasm32-wasip1 -O2 --no-wasm-opt -o forth.wasm forth.c
 *     prova specialize -w forth.wasm -o compiled.wasm
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "prova_specialize.h"

PROVA_SPECIALIZE_GLOBALS()

enum {
    LIT, ADD, SUB, MUL, DIV, MOD, EQ, LT, GT, DUP, SWAP, OVER, DROP, ROT, JMP, JZ, CALL, DO, LOOP,
    I, FETCH, STORE, DOT, EMIT, CR, EXIT
};

typedef int64_t cell;
typedef uint64_t *(*Code)(const int32_t *code, uint64_t *sp, uint64_t *rp);

typedef struct {
    char name[16];
    int32_t *code;
    int length; /* of a variable: its number */
    int is_variable;
    Code compiled;
} Word;

static Word words[128];
static int word_count, variable_count;
static uint64_t stack[256], returns[256];
static cell variables[64];

#define STEP(to) do { pc = (to); prova_update_context(pc); } while (0)
#define PUSH(v) do { uint64_t v_ = (v); prova_push_stack(sp, v_); sp++; } while (0)
#define POP() (sp--, prova_pop_stack(sp))
#define BIN(e) do { cell b = POP(), a = POP(); PUSH((uint64_t)(e)); STEP(pc + 1); } while (0)

/* The words on the two stacks; gives the data stack as it is then. */
static uint64_t *run(const int32_t *code, uint64_t *sp, uint64_t *rp);

static uint64_t *call(int w, uint64_t *sp, uint64_t *rp) {
    Word *word = &words[w];
    return (word->compiled ? word->compiled : run)(word->code, sp, rp);
}
__attribute__((noinline)) static void print(cell v) { printf("%lld ", (long long)v); }

static uint64_t *run(const int32_t *code, uint64_t *sp, uint64_t *rp) {
    uint32_t pc = 0;
    prova_push_context(pc);
    for (;;) {
        switch (code[pc]) {
        case LIT: PUSH((uint64_t)(cell)code[pc + 1]); STEP(pc + 2); break;
        case ADD: BIN(a + b); break;
        case SUB: BIN(a - b); break;
        case MUL: BIN(a * b); break;
        case DIV: BIN(b ? a / b : 0); break;
        case MOD: BIN(b ? a % b : 0); break;
        case EQ: BIN(-(cell)(a == b)); break;
        case LT: BIN(-(cell)(a < b)); break;
        case GT: BIN(-(cell)(a > b)); break;
        case DUP: {
            uint64_t a = POP();
            PUSH(a);
            PUSH(a);
            STEP(pc + 1);
            break;
        }
        case SWAP: {
            uint64_t b = POP(), a = POP();
            PUSH(b);
            PUSH(a);
            STEP(pc + 1);
            break;
        }
        case OVER: {
            uint64_t b = POP(), a = POP();
            PUSH(a);
            PUSH(b);
            PUSH(a);
            STEP(pc + 1);
            break;
        }
        case DROP: { (void)POP(); STEP(pc + 1); break; }
        case ROT: {
            uint64_t c = POP(), b = POP(), a = POP();
            PUSH(b);
            PUSH(c);
            PUSH(a);
            STEP(pc + 1);
            break;
        }
        case JMP: STEP(code[pc + 1]); break;
        case JZ:
            if (POP()) { STEP(pc + 2); } else { STEP(code[pc + 1]); }
            break;
        case CALL:
            prova_sync_stack(); /* weval 0.5.1 does not by itself */
            sp = call(code[pc + 1], sp, rp);
            STEP(pc + 2);
            break;
        case DO: {
            uint64_t from = POP(), to = POP();
            (*rp = (to)); rp++;
            (*rp = (from)); rp++;
            STEP(pc + 1);
            break;
        }
        case LOOP: {
            rp--; uint64_t i = (*rp) + 1;
            rp--; uint64_t to = (*rp);
            if ((cell)i < (cell)to) {
                (*rp = (to)); rp++;
                (*rp = (i)); rp++;
                STEP(code[pc + 1]);
            } else {
                STEP(pc + 2);
            }
            break;
        }
        case I: {
            rp--;
            uint64_t i = (*rp);
            (*rp = (i));
            rp++;
            PUSH(i);
            STEP(pc + 1);
            break;
        }
        case FETCH: {
            uint64_t at = POP();
            PUSH(variables[at & 63]);
            STEP(pc + 1);
            break;
        }
        case STORE: {
            uint64_t at = POP();
            uint64_t v = POP();
            variables[at & 63] = v;
            STEP(pc + 1);
            break;
        }
        case DOT: {
            cell v = POP();
            print(v);
            STEP(pc + 1);
            break;
        }
        case EMIT: {
            cell v = POP();
            putchar((int)v);
            STEP(pc + 1);
            break;
        }
        case CR: putchar('\n'); STEP(pc + 1); break;
        case EXIT: prova_sync_stack(); prova_pop_context(); return sp;
        default: __builtin_trap();
        }
    }
}

/* --- the outer interpreter: words to code ---------------------------------------------------- */

/* The words that are one operator, by its number. */
static const char *const operators[EXIT] = {
    "", "+", "-", "*", "/", "mod", "=", "<", ">", "dup", "swap", "over", "drop", "rot", "", "", "",
    "do", "loop", "i", "@", "!", ".", "emit", "cr",
};

static int32_t code[4096];
static int length;

static int find(const char *name) {
    for (int i = word_count - 1; i >= 0; i--) {
        if (!strcmp(words[i].name, name)) return i;
    }
    return -1;
}

static int operator_of(const char *name) {
    for (int i = 1; i < EXIT; i++) {
        if (*operators[i] && !strcmp(operators[i], name)) return i;
    }
    return -1;
}

static Word *named(const char *name) {
    Word *word = &words[word_count++];
    strncpy(word->name, name, sizeof word->name - 1);
    return word;
}

static void emit(int32_t one) { code[length++] = one; }

/* What was written since `from` becomes a word. */
static void define(const char *name, int from) {
    Word *word = named(name);
    emit(EXIT);
    word->length = length - from;
    word->code = malloc(word->length * sizeof *code);
    memcpy(word->code, code + from, word->length * sizeof *code);
    length = from;
}

static void compile(char *text) {
    const char *name = "main";
    int open[32], depth = 0, from = 0;
    for (char *t = strtok(text, " "); t; t = strtok(0, " ")) {
        int operator_ = operator_of(t), word = find(t), here = length - from;
        if (!strcmp(t, ":")) name = strtok(0, " "), from = length;
        else if (!strcmp(t, ";")) define(name, from), from = 0, name = "main";
        else if (!strcmp(t, "variable")) {
            Word *variable = named(strtok(0, " "));
            variable->is_variable = 1;
            variable->length = variable_count++;
        } else if (!strcmp(t, "recurse")) emit(CALL), emit(word_count);
        else if (!strcmp(t, "if") || !strcmp(t, "while")) emit(JZ), open[depth++] = length, emit(0);
        else if (!strcmp(t, "else")) {
            emit(JMP), emit(0);
            code[open[depth - 1]] = here + 2;
            open[depth - 1] = length - 1;
        } else if (!strcmp(t, "then")) code[open[--depth]] = here;
        else if (!strcmp(t, "begin")) open[depth++] = here;
        else if (!strcmp(t, "until")) emit(JZ), emit(open[--depth]);
        else if (!strcmp(t, "repeat")) {
            emit(JMP), emit(open[depth - 2]);
            code[open[depth - 1]] = here + 2;
            depth -= 2;
        } else if (!strcmp(t, "do")) emit(DO), open[depth++] = here + 1;
        else if (!strcmp(t, "loop")) emit(LOOP), emit(open[--depth]);
        else if (operator_ >= 0) emit(operator_);
        else if (word >= 0 && words[word].is_variable) emit(LIT), emit(words[word].length);
        else if (word >= 0) emit(CALL), emit(word);
        else emit(LIT), emit(atoi(t));
    }
    define("main", 0);
}

static char source[] =
    "variable seed "
    ": rand seed @ 1103515245 * 12345 + 2147483647 mod dup seed ! ; "
    ": fib dup 2 < if else dup 1 - recurse swap 2 - recurse + then ; "
    ": collatz 0 swap begin dup 1 > while dup 2 mod if 3 * 1 + else 2 / then swap 1 + swap repeat "
    "drop ; "
    ": longest 0 swap 1 do i collatz over over < if swap then drop loop ; "
    ": squares 0 swap 0 do i i * + loop ; "
    ": star 42 emit ; "
    ": stars 0 do star loop cr ; "
    "22 fib . 20000 longest . 300000 squares . 7 seed ! 0 100000 0 do rand 2 mod + loop . cr "
    "5 stars ";

static void ask(Word *word) {
    uint32_t size = word->length * sizeof *word->code;
    prova_request *request = calloc(1, sizeof *request);
    uint8_t *start = malloc(3 * 16 + size + 8), *at = start;
    at = prova_arg_memory(at, word->code, size);
    at = prova_arg_runtime(at);
    at = prova_arg_runtime(at);
    request->id = (uint32_t)(word - words);
    request->generic = (prova_function)run;
    request->arguments = start;
    request->arguments_size = (uint32_t)(at - start);
    request->specialized = (prova_function *)&word->compiled;
    prova_ask(request);
}

int main(void) {
    if (!word_count) compile(source);
    call(word_count - 1, stack, returns);
    return fflush(stdout); /* who calls __wasm_call_ctors has no destructors at the end */
}

#ifdef __wasm__
void __wasm_call_ctors(void);
int __main_void(void);

PROVA_INITIALIZER void initialize(void) {
    __wasm_call_ctors();
    compile(source);
    for (int i = 0; i < word_count; i++) {
        if (!words[i].is_variable) ask(&words[i]);
    }
}

__attribute__((export_name("wizer.resume"))) void resume(void) { exit(__main_void()); }
#endif
