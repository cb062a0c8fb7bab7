// The modules of these tests: see README.md for the commands.
namespace geometry {

template <typename T> struct Pair {
    T a, b;
    __attribute__((always_inline)) T sum() const { return a + b; }
    __attribute__((always_inline)) T ratio() const {
        T divisor = b;
        return a / divisor;
    }
};

__attribute__((always_inline)) inline int mean(Pair<int> pair) {
    return pair.sum() / 2 + pair.ratio();
}

__attribute__((noinline)) int worst(const Pair<int> *pairs, int count) {
    int worst = 0;
    for (int i = 0; i < count; ++i) {
        int here = mean(pairs[i]);
        if (here > worst)
            worst = here;
    }
    return worst;
}

} // namespace geometry

static geometry::Pair<int> table[3] = {{4, 2}, {9, 3}, {1, 0}};

extern "C" __attribute__((export_name("run"))) int run(int count) {
    table[0].a += count;
    return geometry::worst(table, count);
}

extern "C" __attribute__((export_name("stop"))) void stop(int deep) {
    if (deep > 0) {
        stop(deep - 1);
        table[0].a += deep;
    } else {
        __builtin_trap();
    }
}

// The linker removes it and leaves its debug information, with addresses near 0.
int removed(int x) { return x * 7; }
