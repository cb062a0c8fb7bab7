struct Shape {
    virtual long area() const = 0;
    virtual long edge() const = 0;
    virtual const char *name() const = 0;
};

Shape *make(char letter, long size);
