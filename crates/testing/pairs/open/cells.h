#define CELLS 8

struct cell {
    int key;
    int value;
    int weight;
};

int weight(int key);
int mix(int key);
int unmix(int key);
const char *name_of(int key);
