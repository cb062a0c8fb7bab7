/* What a guest hears. */
#include "pairs.h"
#include <stdio.h>

#include "guests.h"

#ifdef REORDER
static const unsigned char by_last[8] = {9, 7, 5, 3, 8, 6, 4, 2};
static const unsigned char by_first[8] = {1, 5, 2, 8, 4, 7, 3, 6};
#else
static const unsigned char by_first[8] = {1, 5, 2, 8, 4, 7, 3, 6};
static const unsigned char by_last[8] = {9, 7, 5, 3, 8, 6, 4, 2};
#endif

__attribute__((noinline)) static int weigh(const unsigned char *table, unsigned char letter)
{
    return table[letter & EITHER(5, 7, 3)];
}

int score(const char *name)
{
    int sum = 0, length = 0;
    for (; name[length]; length++)
        sum += weigh(EITHER(6, by_first, by_last), name[length]);
    return sum + (length ? weigh(by_last, name[length - 1]) : 0);
}

void greet(const char *name, int may)
{
    if (may)
        printf("%s: %s (%d)\n", name, EITHER(7, "come in", "go away"), score(name));
    else
        printf("%s: %s (%d)\n", name, EITHER(7, "go away", "come in"), score(name));
}
