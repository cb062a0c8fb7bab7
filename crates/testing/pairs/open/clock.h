struct zone {
    char name[8];
    long winter;
    long summer;
};

const char *month_of(long day);
void print_time(long local);
