/* A script in JavaScript with its interpreter: the script is compiled when the module is initialised,
 * and run afterwards; `scriptArgs` are the command's arguments, `print` writes a line. CC0. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "quickjs.h"
#ifndef PLAIN
#include "prova_specialize.h"
PROVA_SPECIALIZE_GLOBALS()
void JS_Ask(JSContext *ctx, JSValue script);
#endif

static const char text[] = {
#embed SCRIPT
    , 0
};

static JSContext *context;
static JSValue script;

static JSValue print(JSContext *ctx, JSValueConst this_value, int count, JSValueConst *values) {
    for (int i = 0; i < count; i++) {
        const char *word = JS_ToCString(ctx, values[i]);
        if (!word) return JS_EXCEPTION;
        printf("%s%s", i ? " " : "", word);
        JS_FreeCString(ctx, word);
    }
    printf("\n");
    return JS_UNDEFINED;
}

static void fail(void) {
    JSValue exception = JS_GetException(context);
    fprintf(stderr, "%s\n", JS_ToCString(context, exception));
    exit(1);
}

static void load(void) {
    context = JS_NewContext(JS_NewRuntime());
    JSValue global = JS_GetGlobalObject(context);
    JS_SetPropertyStr(context, global, "print", JS_NewCFunction(context, print, "print", 1));
    JS_FreeValue(context, global);
    script = JS_Eval(context, text, sizeof text - 1, "script", JS_EVAL_FLAG_COMPILE_ONLY);
    if (JS_IsException(script)) fail();
}

int main(int argc, char **argv) {
    if (!context) load();
    JSValue global = JS_GetGlobalObject(context), arguments = JS_NewArray(context);
    for (int i = 1; i < argc; i++) {
        JS_SetPropertyUint32(context, arguments, i - 1, JS_NewString(context, argv[i]));
    }
    JS_SetPropertyStr(context, global, "scriptArgs", arguments);
    JSValue result = JS_EvalFunction(context, script);
    if (JS_IsException(result)) fail();
    JSContext *other;
    int jobs;
    while ((jobs = JS_ExecutePendingJob(JS_GetRuntime(context), &other)) > 0) {}
    if (jobs < 0) fail();
    return 0;
}

#ifndef PLAIN
void __wasm_call_ctors(void);
int __main_void(void);

PROVA_INITIALIZER void initialize(void) {
    __wasm_call_ctors();
    load();
    JS_Ask(context, script);
}

__attribute__((export_name("wizer.resume"))) void resume(void) {
    int status = __main_void();
    exit(status);
}
#endif
