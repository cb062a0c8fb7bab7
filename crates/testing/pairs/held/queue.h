#define JOBS 6
#define NAME 12

struct job {
    char name[NAME];
    int cost;
    int class;
};

enum answer { DONE, DROPPED, REFUSED };

int class_of(int cost);
int compare(const struct job *a, const struct job *b);
void say(enum answer answer, const char *name, int number);
