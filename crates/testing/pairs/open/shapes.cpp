// Shapes by letters and sizes on the command line, through virtual functions.
#include "pairs.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shapes.h"

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "--version")) {
        printf("shapes, built %s %s from %s\n", __DATE__, __TIME__, __FILE__);
        return 0;
    }
    long sum = 0;
    for (int i = 1; i + 1 < argc; i += 2) {
        Shape *shape = make(argv[i][0], atol(argv[i + 1]));
        if (!shape) {
            printf("no shape %s\n", argv[i]);
            continue;
        }
        long area = EITHER(1, shape->area(), shape->edge());
        sum += area;
        printf("%s: area %ld, edge %ld\n", shape->name(), area, shape->edge());
        free(shape);
    }
    printf("sum %ld\n", EITHER(2, sum, sum + 1));
    return 0;
}
