// Kinds of animals.
#include "pairs.h"
#include "animals.h"
#include <string.h>

struct Dog : Animal {
    const char *sound() const override { return EITHER(2, "wow", "moo"); }
    int meals() const override { return hunger + EITHER(3, 1, 2); }
};

struct Cow : Animal {
    const char *sound() const override { return EITHER(2, "moo", "wow"); }
#if EDIT != 4
    int meals() const override { return hunger * 3; }
#endif
};

struct Bird : Animal {
    int legs() const override { return 2; }
    const char *sound() const override { return "tweet"; }
#if EDIT == 5
    int meals() const override { return 20 - hunger; }
    int portion(int day) const override { return day & 1 ? hunger : 0; }
#else
    int portion(int day) const override { return 20 - hunger + day; }
    int meals() const override { return hunger / 2; }
#endif
};

static Dog dog;
static Cow cow;
static Bird bird;
static Animal *const animals[] = {&dog, EITHER(6, (Animal *)&cow, (Animal *)&bird), EITHER(6, (Animal *)&bird, (Animal *)&cow)};

Animal *find(const char *name)
{
    static const char *const names[] = {"dog", "cow", "bird"};
    for (int i = 0; i < 3; i++)
        if (!strcmp(names[i], name)) {
            animals[i]->called = names[i];
            animals[i]->hunger = 5 + i;
            return animals[i];
        }
    return nullptr;
}

extern "C" void __cxa_pure_virtual() { __builtin_trap(); }
