/* Steps of numbers. */
#include "pairs.h"
#include "matrix.h"

static long plus(long x) { return x + 11; }
static long times(long x) { return x * 13; }
static long flip(long x) { return ~x; }

#ifdef REORDER
static const unsigned char masks[8] = {1, 3, 7, 15, 31, 63, 127, 255};
static const unsigned char shifts[8] = {7, 6, 5, 4, 3, 2, 1, 0};
static long (*const steps[])(long) = {EITHER(6, plus, times), EITHER(6, times, plus), flip};
#else
static long (*const steps[])(long) = {EITHER(6, plus, times), EITHER(6, times, plus), flip};
static const unsigned char shifts[8] = {7, 6, 5, 4, 3, 2, 1, 0};
static const unsigned char masks[8] = {1, 3, 7, 15, 31, 63, 127, 255};
#endif

__attribute__((noinline)) long next(long seed)
{
    return (seed * 1103 + EITHER(7, 12345, 22345)) >> EITHER(8, shifts, masks)[seed & 1] & 0xff;
}

long trace(const long *matrix)
{
    long sum = 0;
    for (int i = 0; i < ROWS; i++)
        sum += matrix[i * ROWS + i];
    return sum;
}

long apply(long kind, long value)
{
    return steps[kind % 3](value) + masks[value & 7];
}
