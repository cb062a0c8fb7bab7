/* A queue of jobs on standard input: "add NAME COST", "run", "drop NAME". */
#include "pairs.h"
#include "queue.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

static struct job jobs[JOBS];
static int count, spent;
static int *counter = EITHER(1, &spent, &count);

static struct job *look(const char *name)
{
    for (int i = 0; i < count; i++)
        if (EITHER(2, !strcmp(jobs[i].name, name), !strncmp(jobs[i].name, name, 2)))
            return &jobs[i];
    return 0;
}

static void take(int place)
{
    assert(place >= 0 && place < count);
    for (int i = place; i + 1 < count; i++)
        jobs[i] = jobs[i + 1];
    count--;
}

int main(int argc, char **argv)
{
    char word[8], name[NAME];
    if (argc > 1 && !strcmp(argv[1], "--about")) {
        printf("%s of %s %s\n", __FILE__, __DATE__, __TIME__);
        return 0;
    }
    while (scanf("%7s", word) == 1) {
        if (!strcmp(word, "add") && scanf("%11s", name) == 1) {
            struct job job = {.cost = 0};
            strcpy(job.name, name);
            scanf("%d", &job.cost);
            job.class = class_of(job.cost);
#if EDIT != 3
            if (count == JOBS || job.cost < 0) {
                say(REFUSED, name, job.cost);
                continue;
            }
#endif
            jobs[count++] = job;
        } else if (!strcmp(word, "run") && count) {
            int best = 0;
            for (int i = 1; i < count; i++)
                if (compare(&jobs[i], &jobs[best]) < EITHER(4, 0, 1))
                    best = i;
            spent += EITHER(5, jobs[best].cost, jobs[best].class);
            say(DONE, jobs[best].name, spent);
            take(best);
        } else if (!strcmp(word, "drop") && scanf("%11s", name) == 1) {
            struct job *job = look(name);
            if (job)
                take(job - jobs);
            say(DROPPED, name, job != 0);
        }
    }
    printf("%d left, %d spent\n", count, *counter);
    return 0;
}
