/* What was read. */
#include "pairs.h"
#include <string.h>

#include "lists.h"

#ifdef REORDER
static char longest_name[32] = "none yet";
static char last_name[32] = "nothing";
#else
static char last_name[32] = "nothing";
static char longest_name[32] = "none yet";
#endif

__attribute__((noinline)) static long twice(long x) { return x * 2; }
__attribute__((noinline)) static long thrice(long x) { return x * 3; }

long scale(long number, const struct source *source)
{
    if (source->factor > 1)
        return EITHER(5, twice, thrice)(number) + source->factor;
    return number;
}

void remember(const char *name)
{
    strcpy(last_name, name);
    if (strlen(name) > strlen(EITHER(6, longest_name, last_name)) || longest_name[4] == ' ')
        strcpy(longest_name, name);
}

const char *last(void)
{
    return last_name;
}

const char *longest(void)
{
    return longest_name;
}
