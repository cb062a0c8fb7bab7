struct source {
    const char *name;
    const char *path;
    long factor;
};

long scale(long number, const struct source *source);
void remember(const char *name);
const char *last(void);
const char *longest(void);
