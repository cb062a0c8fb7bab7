/* Names on the command line → who may come in, by lists in files. */
#include "pairs.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guests.h"

static char allowed[16][16];
static char blocked[16][16];

static int read_list(const char *path, char (*list)[16])
{
    FILE *file = fopen(path, "r");
    if (!file) {
        fprintf(stderr, "%s:%d: cannot read %s\n", __FILE__, __LINE__, path);
        return 0;
    }
    int count = 0;
    while (count < 16 && fscanf(file, "%15s", list[count]) == 1)
        count++;
    fclose(file);
    return count;
}

static int is_in(const char *name, char (*list)[16], int count)
{
    for (int i = 0; i < count; i++)
        if (!strcmp(name, list[i]))
            return 1;
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "--version")) {
        printf("guests, built %s from %s\n", __DATE__, __FILE__);
        return 0;
    }
    int count_allowed = read_list(EITHER(1, "/etc/allow.list", "/etc/block.list"), allowed);
    int count_blocked = read_list("/etc/block.list", blocked);
    for (int i = 1; i < argc; i++) {
        int may = is_in(argv[i], EITHER(2, allowed, blocked), count_allowed);
        if (EITHER(3, is_in(argv[i], blocked, count_blocked), 0))
            may = 0;
        if (score(argv[i]) > EITHER(4, 20, 21))
            may = !may;
        greet(argv[i], may);
    }
    return 0;
}
