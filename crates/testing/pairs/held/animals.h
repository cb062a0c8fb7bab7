struct Walker {
    virtual int legs() const { return 4; }
    virtual const char *sound() const = 0;
};

struct Eater {
    int hunger;
    virtual int meals() const { return hunger; }
    virtual int portion(int day) const { return hunger * day; }
};

struct Animal : Walker, Eater {
    const char *called;
};

Animal *find(const char *name);
