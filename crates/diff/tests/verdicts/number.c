/* Built by clang 22 `--target=wasm32-unknown-unknown -O1 -gdwarf-4 -nostdlib -Wl,--no-entry`, with
   PLACE "/src/app/main.c" and NUM 0x10010 (a), "/src/app1234567890123456/main.c" and 0x10020 (b): the
   addresses of `var`. */
__attribute__((used)) static char where[] = PLACE;
int var = 77;
volatile int table[4] = {NUM, 5, 6, 7};
__attribute__((export_name("main"))) int m(int i) { return table[i & 3] + where[0]; }
__attribute__((export_name("var"))) int v(void) { return var; }
