#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int counts[64];
static const char *names[] = { "zero", "one", __FILE__, "three" };

__attribute__((noinline)) int measure(const char *text, size_t length) {
    int sum = 0;
    for (size_t i = 0; i < length; i++) sum = sum * 31 + text[i];
    return sum;
}

int main(int argc, char **argv) {
    assert(argc < 64);
    char *copy = malloc(strlen(names[argc & 3]) + 1);
    if (!copy) { fprintf(stderr, "%s: %s\n", __FILE__, strerror(errno)); return 1; }
    strcpy(copy, names[argc & 3]);
    counts[argc]++;
    printf("%s %d %s %d\n", copy, counts[argc], argv[0], measure(__FILE__, sizeof __FILE__ - 1));
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "r");
        if (!file) { fprintf(stderr, "%s: %s\n", argv[i], strerror(errno)); continue; }
        int byte;
        while ((byte = fgetc(file)) != EOF) counts[byte & 63]++;
        fclose(file);
    }
    for (int i = 0; i < 64; i++) if (counts[i]) printf("%d: %d\n", i, counts[i]);
    free(copy);
    return 0;
}
