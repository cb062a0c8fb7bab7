int score(const char *name);
void greet(const char *name, int may);
