// Copies fields of up to LIMIT bytes out of a text, and prints a sum of what it has copied.
//
//     field LENGTH    how long the last field is
//
// LIMIT and CHECK are the build's: `build.sh` makes one with 64, one with 63, one without a check.

#ifndef LIMIT
#define LIMIT 64
#endif
#ifndef CHECK
#define CHECK 1
#endif

typedef unsigned char u8;
typedef unsigned u32;

#define IMPORT(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name)))

IMPORT(args_sizes_get) u32 args_sizes_get(u32 *count, u32 *size);
IMPORT(args_get) u32 args_get(char **args, char *text);
IMPORT(fd_write) u32 fd_write(u32 fd, const void *vectors, u32 count, u32 *written);
IMPORT(proc_exit) _Noreturn void proc_exit(u32 code);

struct field {
    u8 bytes[64];
    u8 behind[64];
};

static u8 text[256];
static struct field fields[4];

__attribute__((noinline)) static int copy_field(struct field *to, const u8 *from, u32 length)
{
#if CHECK
    if (length > LIMIT)
        return -1;
#endif
    for (u32 at = 0; at < length; at++)
        to->bytes[at] = from[at];
    return (int)length;
}

__attribute__((noinline)) static u32 sum(const struct field *all, u32 count)
{
    const u8 *bytes = (const u8 *)all;
    u32 sum = 1;
    for (u32 at = 0; at < count * sizeof *all; at++)
        sum = sum * 31 + bytes[at];
    return sum;
}

static u32 number(const char *digits)
{
    u32 number = 0;
    while (*digits >= '0' && *digits <= '9')
        number = number * 10 + (u32)(*digits++ - '0');
    return number;
}

static void print(u32 number)
{
    static char line[9];
    for (int at = 0; at < 8; at++)
        line[at] = "0123456789abcdef"[number >> (28 - 4 * at) & 15];
    line[8] = '\n';
    const struct { const char *start; u32 size; } vector = {line, sizeof line};
    u32 written;
    fd_write(1, &vector, 1, &written);
}

void _start(void)
{
    static char *args[16];
    static char strings[256];
    u32 count, size;
    args_sizes_get(&count, &size);
    if (count < 2 || count > 16 || size > sizeof strings)
        proc_exit(2);
    args_get(args, strings);
    u32 length = number(args[1]);
    if (length > 128)
        proc_exit(2);
    for (u32 at = 0; at < sizeof text; at++)
        text[at] = (u8)(at * 7 + 1);
    int copied = copy_field(&fields[0], text, 11) + copy_field(&fields[1], text + 3, 40);
    copied += copy_field(&fields[2], text + 9, length);
    print(sum(fields, 3) + (u32)copied);
}
