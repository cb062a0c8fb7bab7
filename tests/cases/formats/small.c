/* Two functions and a loop: the dumps of a module, of functions, of loops, of the call graph and of machine code. */
extern int step(int k, int x);
static int twice(int x) { return step(x, 2 * x); }
int run(int n, int x) {
  for (int i = 0; i < n; i++)
    x = twice(x) + i;
  return x;
}
int other(int x) { return run(3, x) ^ twice(x); }
