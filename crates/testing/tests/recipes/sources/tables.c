/* A table of constants, a table of functions, a version and the time of the build. */
#include <stdio.h>

#ifndef VERSION
#define VERSION "1.2.3"
#endif
#ifdef EDITED
#define THIRD 9
#else
#define THIRD 5
#endif

static const int primes[] = {2, 3, THIRD, 7, 11, 13, 17, 19};

struct shape {
    int (*area)(int);
    int (*edge)(int);
};

static int square_area(int side) { return side * side; }
static int square_edge(int side) { return 4 * side; }
static int circle_area(int radius) { return 3 * radius * radius; }
static int circle_edge(int radius) { return 6 * radius; }

#ifdef SWAPPED
static const struct shape shapes[] = {{square_edge, square_area}, {circle_area, circle_edge}};
#else
static const struct shape shapes[] = {{square_area, square_edge}, {circle_area, circle_edge}};
#endif

#ifdef ADDED
__attribute__((noinline)) static int twice(int x) { return x + x + primes[x & 7]; }
#endif

int main(int argc, char **argv) {
    const struct shape *volatile shape = &shapes[argc & 1];
    int sum = 0;
    for (int i = 0; i < argc; i++) sum += primes[i & 7] + shape->area(i) + shape->edge(i);
#ifdef ADDED
    sum += twice(argc);
#endif
#ifdef BUILT
    printf("%s built %s\n", argv[0], __DATE__);
#endif
    printf("version %s: %d\n", VERSION, sum);
    return 0;
}
