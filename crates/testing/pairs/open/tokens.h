#define LEVELS 2

struct operation {
    char sign;
    int level;
    long (*apply)(long, long);
};

const struct operation *find(char sign, int level);
long wrong(const char *what, long place);
