#define ROWS 4

long next(long seed);
long trace(const long *matrix);
long apply(long kind, long value);
