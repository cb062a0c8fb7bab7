extern int step(int k, int x);
int run(int w, int x) {
  if (w & 1) goto B0;
A0: x = step(1, x); if (x & 4) goto B0;
B0: x = step(2, x); if (x & 64) goto A0;
  if (x < 40) goto A0;
  if (w & 2) goto B1;
A1: x = step(3, x); if (x & 8) goto B1;
B1: x = step(4, x); if (x & 128) goto A1;
  if (x < 41) goto A1;
  if (w & 4) goto B2;
A2: x = step(5, x); if (x & 16) goto B2;
B2: x = step(6, x); if (x & 256) goto A2;
  if (x < 42) goto A2;
  return x;
}
