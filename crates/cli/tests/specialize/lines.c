/* An interpreter of three operators with two programs, and a mistake: a jump tells one counter for
 * both of its ways. The program without jumps is compiled, the other one is not. CC0.
 *
 * clang-22 --target=wasm32-unknown-unknown -O1 -g -nostdlib -ffreestanding --no-wasm-opt
 *     -fdebug-compilation-dir=. -I../../../../programs/specialize -Wl,--no-entry -o lines.wasm lines.c
 */
#include "prova_specialize.h"

PROVA_SPECIALIZE_GLOBALS()

static uint64_t run(const uint8_t *code, uint64_t n) {
    uint32_t pc = 0;
    uint64_t sum = 0;
    prova_push_context(pc);
    for (;;) {
        switch (code[pc]) {
        case 'a': sum += n; pc += 1; break;
        case 'j': pc = n-- ? code[pc + 1] : pc + 2; break;
        default: prova_pop_context(); return sum;
        }
        prova_update_context(pc);
    }
}

static uint64_t (*compiled[2])(const uint8_t *, uint64_t);
static const uint8_t programs[2][8] = {{'a', 'a', '.'}, {'a', 'j', 0, '.'}};
static prova_request requests[2];
static uint64_t arguments[2][8];

PROVA_INITIALIZER void initialize(void) {
    for (uint32_t i = 0; i < 2; i++) {
        uint8_t *start = (uint8_t *)arguments[i], *at = start;
        at = prova_arg_memory(at, programs[i], sizeof programs[i]);
        at = prova_arg_runtime(at);
        requests[i].id = i;
        requests[i].generic = (prova_function)run;
        requests[i].arguments = start;
        requests[i].arguments_size = (uint32_t)(at - start);
        requests[i].specialized = (prova_function *)&compiled[i];
        prova_ask(&requests[i]);
    }
}

PROVA_EXPORT("run") uint64_t run_on(uint32_t program, uint64_t n) {
    return (compiled[program & 1] ? compiled[program & 1] : run)(programs[program & 1], n);
}
