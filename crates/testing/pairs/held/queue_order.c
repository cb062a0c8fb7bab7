/* The order of jobs and what is said. */
#include "pairs.h"
#include "queue.h"
#include <stdio.h>
#include <string.h>

typedef void (*printer)(const char *, int);

#ifdef REORDER
static void refused(const char *name, int cost) { printf("%s is refused (%d)\n", name, cost); }
static void dropped(const char *name, int found) { printf("%s is %s\n", name, found ? "dropped" : "unknown"); }
static void done(const char *name, int spent) { printf("%s is done, %d\n", name, spent); }
static const int classes[] = {3, 30, 300, 3000};
#else
static const int classes[] = {3, 30, 300, 3000};
static void done(const char *name, int spent) { printf("%s is done, %d\n", name, spent); }
static void dropped(const char *name, int found) { printf("%s is %s\n", name, found ? "dropped" : "unknown"); }
static void refused(const char *name, int cost) { printf("%s is refused (%d)\n", name, cost); }
#endif

static const printer printers[] = {EITHER(6, done, dropped), EITHER(6, dropped, done), refused};

int class_of(int cost)
{
    int class = 0;
    while (class < EITHER(7, 4, 3) && cost >= classes[class])
        class ++;
    return class;
}

int compare(const struct job *a, const struct job *b)
{
    if (a->class != b->class)
        return a->class - b->class;
    return strcmp(a->name, b->name);
}

void say(enum answer answer, const char *name, int number)
{
    printers[answer](name, number);
}
