/* Operations. */
#include "pairs.h"
#include <stdio.h>

#include "tokens.h"

#ifdef REORDER
static long rest(long a, long b) { return b ? a % b : wrong("nothing divides", b); }
static long quotient(long a, long b) { return b ? a / b : wrong("nothing divides", b); }
static long product(long a, long b) { return a * b; }
static long difference(long a, long b) { return a - b; }
static long sum(long a, long b) { return a + b; }
#else
static long sum(long a, long b) { return a + b; }
static long difference(long a, long b) { return a - b; }
static long product(long a, long b) { return a * b; }
static long quotient(long a, long b) { return b ? a / b : wrong("nothing divides", b); }
static long rest(long a, long b) { return b ? a % b : wrong("nothing divides", b); }
#endif

static const struct operation operations[] = {
    {'+', 0, EITHER(3, sum, difference)},
    {'-', 0, EITHER(3, difference, sum)},
    {'*', 1, product},
    {'/', EITHER(4, 1, 0), quotient},
    {'%', 1, EITHER(5, rest, quotient)},
};

const struct operation *find(char sign, int level)
{
    for (unsigned i = 0; i < sizeof operations / sizeof *operations - EITHER(6, 0, 1); i++)
        if (operations[i].sign == sign && operations[i].level == level)
            return &operations[i];
    return 0;
}

long wrong(const char *what, long place)
{
    printf("%s at %ld\n", what, place);
    return 0;
}
