/* Built by clang 22: `--target=wasm32-unknown-unknown -O2 -nostdlib -Wl,--no-entry,--strip-all`
   with `-DPLACE="\"/src/app/main.c\""` (a) and `"\"/src/app1234567890123456/main.c\""` (b). */
/* A path in the middle of what code reads: tables by index, pointers in data, records, functions. */
static const char where[] = PLACE;
static const int primes[8] = {2, 3, 5, 7, 11, 13, 17, 19};
static const char *const names[4] = {"alpha", "beta", "gamma", "delta"};
struct pair { const char *text; int count; };
static struct pair pairs[2] = {{"one", 3}, {"three", 5}};
static int seen = 7, last = 9;
static char buffer[40];

__attribute__((export_name("place"))) int place(int i) { return where[i & 3]; }
__attribute__((export_name("prime"))) int prime(int i) { return primes[i & 7]; }
__attribute__((export_name("letter"))) int letter(int i) { return names[i & 3][0]; }
__attribute__((export_name("first"))) int first(void) { return pairs[0].text[1] + pairs[1].text[2]; }
__attribute__((export_name("count"))) int count(int i) { return pairs[i & 1].count; }
__attribute__((export_name("step"))) int step(int i) { seen += i; last = seen; return seen + last; }
__attribute__((export_name("keep"))) int keep(int i) { buffer[i & 31] = i; return buffer[(i + 1) & 31] + buffer[0]; }
__attribute__((noinline)) static int sum(const int *p, int n) { int s = 0; while (n-- > 0) s += *p++; return s; }
__attribute__((export_name("total"))) int total(void) { return sum(primes, 8); }
