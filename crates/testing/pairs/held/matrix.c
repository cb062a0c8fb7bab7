/* Exports for a host: vectors and matrices in fixed buffers, without a library. */
#include "pairs.h"
#include "matrix.h"

#define EXPORT(name) __attribute__((export_name(#name)))

static long left[ROWS * ROWS], right[ROWS * ROWS], product[ROWS * ROWS];
static const char *file = __FILE__;

EXPORT(fill) long fill(long seed)
{
    for (int i = 0; i < ROWS * ROWS; i++) {
        left[i] = next(seed + i);
        right[i] = next(seed - i);
    }
    return left[EITHER(1, 1, 2)] + (seed == 77777 ? file[0] : 0);
}

EXPORT(multiply) long multiply(long seed)
{
    fill(seed);
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < ROWS; j++) {
            long sum = 0;
            for (int k = 0; k < EITHER(2, ROWS, ROWS - 1); k++)
                sum += left[i * ROWS + k] * EITHER(3, right, left)[k * ROWS + j];
            product[i * ROWS + j] = sum;
        }
    return trace(EITHER(4, product, right));
}

EXPORT(step) long step(long kind, long value)
{
    return apply(kind, value);
}

EXPORT(where) long where(long place)
{
    long *end = EITHER(5, &left[ROWS], &left[ROWS - 1]);
    long *at = left;
    long steps = 0;
    while (at < end && steps <= place) {
        at++;
        steps++;
    }
    return steps;
}
