/* wasi.h: what a program of WASI preview 1 is granted. A new configuration grants nothing: no
 * arguments, no variables, no directory; standard input is empty, and output is thrown away.
 *
 * Functions that give a bool give false, and change nothing, where the host refuses the file. */

#ifndef WASI_H
#define WASI_H

#include "wasm.h"

#ifdef __cplusplus
extern "C" {
#endif

#define own

typedef struct wasi_config_t wasi_config_t;
WASM_API_EXTERN void wasi_config_delete(own wasi_config_t*);
WASM_API_EXTERN own wasi_config_t* wasi_config_new(void);

/* Arguments; the first is the program's name. `inherit` takes those of the process. */
WASM_API_EXTERN bool wasi_config_set_argv(wasi_config_t*, size_t argc, const char* argv[]);
WASM_API_EXTERN void wasi_config_inherit_argv(wasi_config_t*);

/* Environment variables. `inherit` takes those of the process. */
WASM_API_EXTERN bool wasi_config_set_env(wasi_config_t*, size_t count, const char* names[],
                                         const char* values[]);
WASM_API_EXTERN void wasi_config_inherit_env(wasi_config_t*);

/* Standard input: from a file, from bytes that are given up, or the process's own. */
WASM_API_EXTERN bool wasi_config_set_stdin_file(wasi_config_t*, const char* path);
WASM_API_EXTERN void wasi_config_set_stdin_bytes(wasi_config_t*, own wasm_byte_vec_t* bytes);
WASM_API_EXTERN void wasi_config_inherit_stdin(wasi_config_t*);

/* Standard output and error: to a file, to a callback, or the process's own. A callback gives the
 * number of bytes that it took, or a negative `errno`. */
WASM_API_EXTERN bool wasi_config_set_stdout_file(wasi_config_t*, const char* path);
WASM_API_EXTERN void wasi_config_inherit_stdout(wasi_config_t*);
WASM_API_EXTERN void wasi_config_set_stdout_custom(
    wasi_config_t*, ptrdiff_t (*callback)(void* data, const unsigned char* bytes, size_t count),
    void* data, void (*finalizer)(void*));
WASM_API_EXTERN bool wasi_config_set_stderr_file(wasi_config_t*, const char* path);
WASM_API_EXTERN void wasi_config_inherit_stderr(wasi_config_t*);
WASM_API_EXTERN void wasi_config_set_stderr_custom(
    wasi_config_t*, ptrdiff_t (*callback)(void* data, const unsigned char* bytes, size_t count),
    void* data, void (*finalizer)(void*));

/* A directory of the host under a name of the guest's; unless it is mutable, every change fails.
 * Refuses a name with `::`, which would be a mode of the command line's `--dir`. */
WASM_API_EXTERN bool wasi_config_preopen_dir(wasi_config_t*, const char* host_path,
                                             const char* guest_path, bool fs_mutable);

#undef own

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* WASI_H */
