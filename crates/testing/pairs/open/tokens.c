/* An expression on standard input → its value, or where it is wrong. */
#include "pairs.h"
#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "tokens.h"

static const char *at;
static char line[256];

static long expression(int level);

static void skip(void)
{
    while (isspace((unsigned char)*at))
        at++;
}

static long factor(void)
{
    skip();
    if (*at == '(') {
        at++;
        long value = expression(0);
        skip();
#if EDIT == 1
        at++;
#else
        if (*at != ')')
            return wrong("a parenthesis is missing", at - line);
        at++;
#endif
        return value;
    }
    if (!isdigit((unsigned char)*at))
        return wrong("a number is missing", at - line);
    long value = 0;
    while (isdigit((unsigned char)*at))
        value = value * 10 + (*at++ - '0');
    return value;
}

static long expression(int level)
{
    if (level == LEVELS)
        return factor();
    long left = expression(level + 1);
    for (;;) {
        skip();
        const struct operation *operation = find(*at, level);
        if (!operation)
            return left;
        at++;
        left = operation->apply(left, expression(level + EITHER(2, 1, 0)));
    }
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "--version")) {
        printf("tokens, built %s %s from %s\n", __DATE__, __TIME__, __FILE__);
        return 0;
    }
    while (fgets(line, sizeof line, stdin)) {
        at = line;
        long value = expression(0);
        assert(at <= line + sizeof line);
        printf("%ld\n", value);
    }
    return 0;
}
