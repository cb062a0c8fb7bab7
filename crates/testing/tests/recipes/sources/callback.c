/* Lines "number word" are sorted by an order that the input may choose: a negative number with the
   order's name. The order at first is what -DFIRST says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
    int number;
    char word[12];
};

typedef int (*order)(const void *, const void *);

static int by_number(const void *a, const void *b)
{
    return ((const struct row *)a)->number - ((const struct row *)b)->number;
}

static int by_word(const void *a, const void *b)
{
    return strcmp(((const struct row *)a)->word, ((const struct row *)b)->word);
}

static order chosen;

__attribute__((noinline)) static void begin(void)
{
    chosen = FIRST;
}

__attribute__((noinline)) static void choose(const char *word)
{
    if (!strcmp(word, "number"))
        chosen = by_number;
    else if (!strcmp(word, "word"))
        chosen = by_word;
}

int main(void)
{
    struct row rows[32];
    int count = 0;
    begin();
    while (count < 32 && scanf("%d %11s", &rows[count].number, rows[count].word) == 2) {
        if (rows[count].number < 0)
            choose(rows[count].word);
        else
            count++;
    }
    qsort(rows, count, sizeof *rows, chosen);
    for (int i = 0; i < count; i++)
        printf("%d:%s ", rows[i].number, rows[i].word);
    puts("");
    return 0;
}
