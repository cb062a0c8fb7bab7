/* Strings that the linker merges, and the time of the build among them. */
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "--version")) {
        printf("tool 1.2 built %s %s\n", __DATE__, __TIME__);
        return 0;
    }
    puts("usage: tool [--version]");
    fprintf(stderr, "no input %d\n", argc);
    if (argc > 2)
        puts("alpha");
    if (argc > 3)
        puts("beta gamma");
    return argc;
}
