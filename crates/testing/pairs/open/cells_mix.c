/* Numbers and names of keys. */
#include "pairs.h"
#include "cells.h"

#ifdef REORDER
static const int light[4] = {1, 2, 4, 8};
static const char *const names[4] = {EITHER(6, "north", "south"), "east", EITHER(6, "south", "north"), "west"};
static const int heavy[4] = {100, 200, 400, 800};
#else
static const int heavy[4] = {100, 200, 400, 800};
static const int light[4] = {1, 2, 4, 8};
static const char *const names[4] = {EITHER(6, "north", "south"), "east", EITHER(6, "south", "north"), "west"};
#endif

int weight(int key)
{
    return key & 8 ? EITHER(7, light, heavy)[key & 3] : heavy[key & 3];
}

__attribute__((noinline)) int mix(int key)
{
    return (key ^ EITHER(8, 0x5bd1, 0x5bd0)) * 3;
}

__attribute__((noinline)) int unmix(int key)
{
    return (key * 5) ^ 0x1234;
}

const char *name_of(int key)
{
    return names[key & 3];
}
