/* A struct with two fields of one type, and static functions. -DSWAPPED lets the fields change
   places, -DADDEND is a constant of a function. */
#include <stdio.h>

#ifndef ADDEND
#define ADDEND 3
#endif

struct thing {
#ifdef SWAPPED
    int second, first;
#else
    int first, second;
#endif
    char mark;
};

#define THING {.first = 1, .second = 2, .mark = 'c'}
struct thing things[4] = {THING, THING, THING, THING};

__attribute__((noinline)) static int of_first(struct thing *thing)
{
    return thing->first * 3 + thing->mark;
}

__attribute__((noinline)) static int of_second(struct thing *thing)
{
    return thing->second * 5;
}

__attribute__((noinline)) static void set(struct thing *thing, int value)
{
    thing->first = value;
    thing->second = value + 1;
}

__attribute__((noinline)) static int more(int x)
{
    return x + ADDEND;
}

int main(int argc, char **argv)
{
    set(&things[argc & 3], argc);
    printf("%s %d %d %d\n", argv[0], more(argc), of_first(&things[argc & 1]), of_second(&things[argc & 3]));
    return 0;
}
