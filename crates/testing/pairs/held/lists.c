/* Sums of lists that files hold, by the names of lists on the command line. */
#include "pairs.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lists.h"

static const struct source sources[] = {
    {"open", EITHER(1, "/var/lists/public", "/var/lists/secret"), 1},
    {"closed", "/var/lists/secret", EITHER(2, 2, 3)},
    {"names", "/etc/allow.list", 0},
};

static long total(const struct source *source)
{
    char name[32];
    long number, sum = 0;
    FILE *file = fopen(source->path, "r");
    if (!file) {
        fprintf(stderr, "%s: no list %s\n", __FILE__, source->path);
        exit(3);
    }
    while (fscanf(file, "%31s", name) == 1) {
        if (source->factor == 0)
            number = strlen(name);
        else if (fscanf(file, "%ld", &number) != 1)
            break;
        sum += scale(number, source);
        remember(name);
    }
    fclose(file);
    return sum;
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "--about")) {
        printf("%s of %s\n", __FILE__, __DATE__);
        return 0;
    }
    for (int i = 1; i < argc; i++) {
        int known = 0;
        for (unsigned j = 0; j < EITHER(3, 3, 2); j++)
            if (!strcmp(argv[i], sources[j].name)) {
                printf("%s: %ld\n", sources[j].name, total(&sources[j]));
                known = 1;
            }
        if (!known)
            printf("%s: %s\n", argv[i], EITHER(4, "unknown", "nothing"));
    }
    printf("last %s, longest %s\n", last(), longest());
    return 0;
}
