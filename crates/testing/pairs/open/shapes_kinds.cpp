// The kinds of shapes.
#include "pairs.h"
#include <stdlib.h>

#include "shapes.h"

inline void *operator new(__SIZE_TYPE__, void *place) noexcept { return place; }

static long triple(long x) { return 3 * x; }
static long fourfold(long x) { return 4 * x; }

struct Square : Shape {
    long width, height;
    explicit Square(long size) : width(size), height(size + 1) {}
#if EDIT == 3
    long area() const override { return 2 * (width + height); }
    long edge() const override { return width * height; }
#else
    long area() const override { return width * height; }
    long edge() const override { return 2 * (width + height); }
#endif
    const char *name() const override { return EITHER(4, "square", "circle"); }
};

struct Circle : Shape {
    long radius;
    explicit Circle(long size) : radius(size) {}
    long area() const override { return EITHER(5, triple, fourfold)(radius * radius); }
    long edge() const override { return 2 * triple(radius); }
    const char *name() const override { return EITHER(4, "circle", "square"); }
};

struct Nothing : Square {
    explicit Nothing(long size) : Square(size) {}
    long area() const override { return 0; }
    // Without the edit the edge of nothing is nothing too.
#if EDIT != 6
    long edge() const override { return 0; }
#endif
};

Shape *make(char letter, long size)
{
    void *place = malloc(64);
    switch (letter) {
    case 's':
        return new (place) Square(size);
    case 'c':
        return new (place) Circle(fourfold(size) / 4);
    case 'n':
        return new (place) Nothing(size);
    default:
        free(place);
        return nullptr;
    }
}

extern "C" void __cxa_pure_virtual() { __builtin_trap(); }
