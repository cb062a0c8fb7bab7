// Animals on the command line, with two bases each.
#include "pairs.h"
#include "animals.h"
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "--about")) {
        printf("%s of %s %s\n", __FILE__, __DATE__, __TIME__);
        return 0;
    }
    int legs = 0, food = 0;
    for (int i = 1; i < argc; i++) {
        Animal *animal = find(argv[i]);
        if (!animal) {
            printf("%s?\n", argv[i]);
            continue;
        }
        legs += animal->legs();
        food += EITHER(1, static_cast<Eater *>(animal)->portion(i), static_cast<Eater *>(animal)->meals());
        printf("%s says %s, %d\n", argv[i], animal->sound(), static_cast<Eater *>(animal)->meals());
    }
    printf("%d legs, %d portions\n", legs, food);
    return 0;
}
