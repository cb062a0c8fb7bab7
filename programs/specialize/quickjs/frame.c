/* One frame of QuickJS's interpreter, to be specialised to each function. CC0.
 *
 * build.sh puts this before JS_CallInternal, which stays as it is but for a question: is there a
 * function of the frame's own, and how has that ended? The body of the loop is QuickJS's
 * (body.inc, made by frame.sed). Before it stand the operators that keep their operands on a
 * virtual stack; they do what QuickJS's do where these call nobody, and leave all else to it, with
 * the stack in memory. Exceptions, `finally` and generators go on in JS_CallInternal. */
#include "prova_specialize.h"

typedef enum { DONE, THROWN, LEFT } End;

typedef struct Frame {
    JSContext *ctx, *caller_ctx;
    JSObject *p;
    JSFunctionBytecode *b;
    JSStackFrame *sf;
    JSVarRef **var_refs;
    JSValue this_obj, new_target, func_obj, ret_val, *argv, *arg_buf, *sp;
    int argc;
    const uint8_t *pc;
} Frame;

/* Code, constants, and how many cells of `cells` are variables are constant; the stack is behind. */
typedef End Compiled(Frame *frame, JSContext *ctx, JSStackFrame *sf, const uint8_t *code,
                     const JSValue *constants, JSValue *cells, uint32_t variables);

#undef SWITCH
#undef CASE
#undef DEFAULT
#undef BREAK
#define SWITCH(pc) switch (opcode)
#define CASE(op) case op
#define DEFAULT default
#define BREAK break

#define STEP(n) (pc += (n), prova_update_context((uint32_t)pc))
#define FETCH() ({ uint8_t byte_ = *pc; STEP(1); byte_; })

/* --- the virtual stack --------------------------------------------------------------------------- */

#define PUSH(value) do { JSValue v_ = (value); prova_push_stack(sp, v_); sp++; } while (0)
#define TOP(depth) prova_read_stack(sp - (depth), (depth) - 1)
#define SET_TOP(depth, value) prova_write_stack(sp - (depth), (depth) - 1, (value))
#define DROP() ((void)prova_pop_stack(--sp))

/* Behind what has made the stack memory: its top is virtual again. */
#define LIFT_ONE(n) if (sp - cells >= (int)variables + (n)) prova_push_stack(sp - (n), sp[-(n)])
#define LIFT() do { LIFT_ONE(4); LIFT_ONE(3); LIFT_ONE(2); LIFT_ONE(1); } while (0)

#define FREE(value)                                                                                 \
    do {                                                                                            \
        JSValue old_ = (value);                                                                     \
        if (unlikely(JS_VALUE_HAS_REF_COUNT(old_))) {                                               \
            prova_sync_stack();                                                                     \
            JS_FreeValue(ctx, old_);                                                                \
            LIFT();                                                                                 \
        }                                                                                           \
    } while (0)
#define POLL()                                                                                      \
    if (unlikely(--ctx->interrupt_counter <= 0)) {                                                  \
        prova_sync_stack();                                                                         \
        if (__js_poll_interrupts(ctx)) goto exception;                                              \
        LIFT();                                                                                     \
    }

/* --- operators ------------------------------------------------------------------------------------ */

#define GET(at) do { PUSH(JS_DupValue(ctx, *(at))); } while (0)
#define PUT(at) do { JSValue *at_ = (at), out_ = *at_; *at_ = TOP(1); DROP(); FREE(out_); } while (0)
#define PUT_COPY(at)                                                                                \
    do {                                                                                            \
        JSValue *at_ = (at), out_ = *at_;                                                           \
        *at_ = JS_DupValue(ctx, TOP(1));                                                            \
        FREE(out_);                                                                                 \
    } while (0)
#define LOCAL(index) (&var_buf[index])
#define ARGUMENT(index) (&arg_buf[index])
#define OUTER(index) (var_refs[index]->pvalue)
#define OF_FOUR(name, at, does)                                                                     \
    case name##0: does(at(0)); continue;                                                            \
    case name##1: does(at(1)); continue;                                                            \
    case name##2: does(at(2)); continue;                                                            \
    case name##3: does(at(3)); continue;
#define OF_WORD(name, at, does)                                                                     \
    case name: { uint32_t index = get_u16(pc); STEP(2); does(at(index)); continue; }
#define OF_BYTE(name, at, does)                                                                     \
    case name: { uint32_t index = FETCH(); does(at(index)); continue; }
#define EACH(name, at)                                                                              \
    OF_FOUR(OP_get_##name, at, GET) OF_FOUR(OP_put_##name, at, PUT)                                 \
    OF_FOUR(OP_set_##name, at, PUT_COPY) OF_WORD(OP_get_##name, at, GET)                            \
    OF_WORD(OP_put_##name, at, PUT) OF_WORD(OP_set_##name, at, PUT_COPY)

#define IS_INT(value) (JS_VALUE_GET_TAG(value) == JS_TAG_INT)
#define RESULT(value) { JSValue v_ = (value); DROP(); SET_TOP(1, v_); continue; }
/* Two operands, of which either sort has an operator; else it is QuickJS's to do. */
#define ARITHMETIC(name, on_ints, on_floats)                                                        \
    case name: {                                                                                    \
        JSValue b = TOP(1), a = TOP(2);                                                             \
        if (likely(JS_VALUE_IS_BOTH_INT(a, b))) {                                                   \
            int64_t x = JS_VALUE_GET_INT(a), y = JS_VALUE_GET_INT(b);                               \
            on_ints                                                                                 \
        } else if (JS_VALUE_IS_BOTH_FLOAT(a, b)) {                                                  \
            double x = JS_VALUE_GET_FLOAT64(a), y = JS_VALUE_GET_FLOAT64(b);                        \
            on_floats                                                                               \
        }                                                                                           \
        break;                                                                                      \
    }
#define IN_RANGE(e) { int64_t r = (e); if (likely((int)r == r)) RESULT(JS_NewInt32(ctx, r)) }
#define FLOAT(e) RESULT(__JS_NewFloat64(ctx, (e)))
#define NEVER (void)x, (void)y;
#define LOGIC(name, e) ARITHMETIC(name, RESULT(JS_NewInt32(ctx, (int32_t)(e))), NEVER)
#define COMPARE(name, op) ARITHMETIC(name, RESULT(JS_NewBool(ctx, x op y)), NEVER)
#define ONE_INT(name, limit, e)                                                                     \
    case name: {                                                                                    \
        JSValue a = TOP(1);                                                                         \
        int x = JS_VALUE_GET_INT(a);                                                                \
        if (unlikely(!IS_INT(a) || x == (limit))) break;                                            \
        SET_TOP(1, JS_NewInt32(ctx, (e)));                                                          \
        continue;                                                                                   \
    }
#define LOCAL_INT(name, limit, e)                                                                   \
    case name: {                                                                                    \
        JSValue *at = &var_buf[*pc], a = *at;                                                       \
        int x = JS_VALUE_GET_INT(a);                                                                \
        if (unlikely(!IS_INT(a) || x == (limit))) break;                                            \
        *at = JS_NewInt32(ctx, (e));                                                                \
        STEP(1);                                                                                    \
        continue;                                                                                   \
    }
#define JUMP(name, distance)                                                                        \
    case name: { int32_t far = (distance); STEP(far); POLL(); continue; }
#define JUMP_IF(name, bytes, distance, test)                                                        \
    case name: {                                                                                    \
        JSValue a = TOP(1);                                                                         \
        if (unlikely((uint32_t)JS_VALUE_GET_TAG(a) > JS_TAG_UNDEFINED)) break;                      \
        DROP();                                                                                     \
        if (test JS_VALUE_GET_INT(a)) {                                                             \
            int32_t far = (distance);                                                               \
            STEP(far);                                                                              \
        } else {                                                                                    \
            STEP(bytes);                                                                            \
        }                                                                                           \
        POLL();                                                                                     \
        continue;                                                                                   \
    }

static no_inline End run_frame(Frame *frame, JSContext *ctx, JSStackFrame *sf, const uint8_t *code,
                               const JSValue *constants, JSValue *cells, uint32_t variables) {
    JSRuntime *rt = ctx->rt;
    JSFunctionBytecode *b = frame->b;
    JSObject *p = frame->p;
    JSVarRef **var_refs = frame->var_refs;
    JSValue *var_buf = cells, *stack_buf = cells + variables, *sp = stack_buf;
    JSValue *arg_buf = frame->arg_buf, ret_val;
    const uint8_t *pc = code;
    int opcode, i;

    prova_push_context((uint32_t)pc);
    for (;;) {
        int call_argc;
        JSValue *call_argv;
        opcode = FETCH();
        switch (opcode) {
        case OP_push_i32: PUSH(JS_NewInt32(ctx, get_u32(pc))); STEP(4); continue;
        case OP_push_i8: PUSH(JS_NewInt32(ctx, get_i8(pc))); STEP(1); continue;
        case OP_push_i16: PUSH(JS_NewInt32(ctx, get_i16(pc))); STEP(2); continue;
        case OP_push_minus1 ... OP_push_7: PUSH(JS_NewInt32(ctx, opcode - OP_push_0)); continue;
        case OP_push_const: GET(&constants[get_u32(pc)]); STEP(4); continue;
        case OP_push_const8: GET(&constants[*pc]); STEP(1); continue;
        case OP_undefined: PUSH(JS_UNDEFINED); continue;
        case OP_null: PUSH(JS_NULL); continue;
        case OP_push_false: PUSH(JS_FALSE); continue;
        case OP_push_true: PUSH(JS_TRUE); continue;
        EACH(loc, LOCAL) EACH(arg, ARGUMENT) EACH(var_ref, OUTER)
        OF_BYTE(OP_get_loc8, LOCAL, GET) OF_BYTE(OP_put_loc8, LOCAL, PUT)
        OF_BYTE(OP_set_loc8, LOCAL, PUT_COPY)
        case OP_get_loc_check: {
            JSValue value = var_buf[get_u16(pc)];
            if (unlikely(JS_IsUninitialized(value))) break;
            PUSH(JS_DupValue(ctx, value));
            STEP(2);
            continue;
        }
        case OP_put_loc_check: {
            JSValue *at = &var_buf[get_u16(pc)];
            if (unlikely(JS_IsUninitialized(*at))) break;
            PUT(at);
            STEP(2);
            continue;
        }
        case OP_set_loc_uninitialized: {
            JSValue *at = &var_buf[get_u16(pc)], old = *at;
            *at = JS_UNINITIALIZED;
            FREE(old);
            STEP(2);
            continue;
        }
        case OP_drop: { JSValue old = TOP(1); DROP(); FREE(old); continue; }
        case OP_dup: PUSH(JS_DupValue(ctx, TOP(1))); continue;
        ARITHMETIC(OP_add, IN_RANGE(x + y), FLOAT(x + y))
        ARITHMETIC(OP_sub, IN_RANGE(x - y), FLOAT(x - y))
        ARITHMETIC(OP_mul, {
            int64_t r = x * y;
            if (unlikely((int)r != r)) FLOAT((double)r)
            if (unlikely(r == 0 && (x | y) < 0)) FLOAT(-0.0)
            RESULT(JS_NewInt32(ctx, r))
        }, FLOAT(x * y))
        ARITHMETIC(OP_div, RESULT(JS_NewFloat64(ctx, (double)x / (double)y)), NEVER)
        ARITHMETIC(OP_mod, {
            if (likely(x >= 0 && y > 0)) RESULT(JS_NewInt32(ctx, (int32_t)x % (int32_t)y))
        }, NEVER)
        LOGIC(OP_and, x & y) LOGIC(OP_or, x | y) LOGIC(OP_xor, x ^ y)
        LOGIC(OP_shl, (uint32_t)x << (y & 31)) LOGIC(OP_sar, (int32_t)x >> (y & 31))
        ARITHMETIC(OP_shr, RESULT(JS_NewUint32(ctx, (uint32_t)x >> (y & 31))), NEVER)
        COMPARE(OP_lt, <) COMPARE(OP_lte, <=) COMPARE(OP_gt, >) COMPARE(OP_gte, >=)
        COMPARE(OP_eq, ==) COMPARE(OP_neq, !=)
        COMPARE(OP_strict_eq, ==) COMPARE(OP_strict_neq, !=)
        ONE_INT(OP_inc, INT32_MAX, x + 1) ONE_INT(OP_dec, INT32_MIN, x - 1)
        LOCAL_INT(OP_inc_loc, INT32_MAX, x + 1) LOCAL_INT(OP_dec_loc, INT32_MIN, x - 1)
        case OP_add_loc: {
            JSValue b = TOP(1), *at = &var_buf[*pc], a = *at;
            if (likely(JS_VALUE_IS_BOTH_INT(a, b))) {
                int64_t r = (int64_t)JS_VALUE_GET_INT(a) + JS_VALUE_GET_INT(b);
                if (unlikely((int)r != r)) break;
                *at = JS_NewInt32(ctx, r);
            } else if (JS_VALUE_IS_BOTH_FLOAT(a, b)) {
                *at = __JS_NewFloat64(ctx, JS_VALUE_GET_FLOAT64(a) + JS_VALUE_GET_FLOAT64(b));
            } else {
                break;
            }
            DROP();
            STEP(1);
            continue;
        }
        JUMP(OP_goto, get_u32(pc)) JUMP(OP_goto16, get_i16(pc)) JUMP(OP_goto8, get_i8(pc))
        JUMP_IF(OP_if_true, 4, get_u32(pc), ) JUMP_IF(OP_if_false, 4, get_u32(pc), !)
        JUMP_IF(OP_if_true8, 1, get_i8(pc), ) JUMP_IF(OP_if_false8, 1, get_i8(pc), !)
        case OP_ret: case OP_nip_catch: goto leave;
        }
        prova_sync_stack();
#include "body.inc"
        LIFT();
    }
exception:
    frame->sp = sp;
    frame->pc = pc;
    prova_pop_context();
    return THROWN;
leave:
    /* The operator is done by JS_CallInternal. */
    frame->sp = sp;
    frame->pc = pc - 1;
    prova_pop_context();
    return LEFT;
done:
    frame->sp = sp;
    frame->ret_val = ret_val;
    prova_pop_context();
    return DONE;
}

#undef SWITCH
#undef CASE
#undef DEFAULT
#undef BREAK

/* --- what is asked for -------------------------------------------------------------------------------- */

static void ask(JSContext *ctx, JSFunctionBytecode *b) {
    if (b->func_kind == JS_FUNC_NORMAL) {
        uint32_t code = b->byte_code_len, constants = b->cpool_count * sizeof(JSValue);
        prova_request *request = calloc(1, sizeof *request);
        uint8_t *start = calloc(1, 7 * 16 + code + constants + 16), *at = start;
        at = prova_arg_runtime(at);
        at = prova_arg_runtime(at);
        at = prova_arg_runtime(at);
        at = prova_arg_memory(at, b->byte_code_buf, code);
        at = constants ? prova_arg_memory(at, b->cpool, constants) : prova_arg_runtime(at);
        at = prova_arg_runtime(at);
        at = prova_arg_i32(at, b->var_count);
        request->id = b->func_name;
        request->generic = (prova_function)run_frame;
        request->arguments = start;
        request->arguments_size = at - start;
        request->specialized = (prova_function *)&b->compiled;
        prova_ask(request);
    }
    for (int i = 0; i < b->cpool_count; i++) {
        if (JS_VALUE_GET_TAG(b->cpool[i]) == JS_TAG_FUNCTION_BYTECODE) {
            ask(ctx, JS_VALUE_GET_PTR(b->cpool[i]));
        }
    }
}

/* Asks for a function for a script that is compiled, and for all in it. */
void JS_Ask(JSContext *ctx, JSValue script) { ask(ctx, JS_VALUE_GET_PTR(script)); }
