static int seen[4];

static int add(int total, int n) {
    int sum = total + n;
    seen[n & 3] = sum;
    return sum;
}

__attribute__((export_name("run"))) int run(int n) {
    int total = 0;
    for (int i = 1; i <= n; i++)
        total = add(total, i);
    return total;
}
