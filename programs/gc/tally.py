# A program for a collector: classes, generators, closures, dictionaries and large integers, with what
# it computes printed.


class Account:
    def __init__(self, name, balance):
        self.name = name
        self.balance = balance
        self.history = []

    def move(self, amount):
        if self.balance + amount < 0:
            raise ValueError(self.name + " has " + str(self.balance))
        self.balance += amount
        self.history.append(amount)

    def __str__(self):
        return self.name + ": " + str(self.balance) + " after " + str(len(self.history))


class Saving(Account):
    def __init__(self, name, balance, rate):
        super().__init__(name, balance)
        self.rate = rate

    def move(self, amount):
        super().move(amount)
        if len(self.history) % self.rate == 0:
            self.balance += 1


def numbers(seed):
    while True:
        seed = (seed * 1103515245 + 12345) % 2147483648
        yield seed // 65536


def accounts():
    random = numbers(42)
    all = [Account("a", 100), Saving("b", 50, 3), Saving("c", 0, 7)]
    refused = {}
    for _ in range(1000):
        one = all[next(random) % 3]
        try:
            one.move(next(random) % 41 - 20)
        except ValueError:
            refused[one.balance] = refused.get(one.balance, 0) + 1
    for one in all:
        print(str(one))
    print(len(refused), refused[9], refused[2])


def fibonacci(count):
    a = 0
    b = 1
    found = []
    for _ in range(count):
        found.append(a)
        c = a + b
        a = b
        b = c
    return found


def sieve(limit):
    is_prime = [True] * (limit + 1)
    for n in range(2, limit + 1):
        if is_prime[n]:
            for m in range(n * n, limit + 1, n):
                is_prime[m] = False
    return [n for n in range(2, limit + 1) if is_prime[n]]


def counter():
    count = 0

    def next_one(by):
        nonlocal count
        count += by
        return count

    return next_one


class Node:
    def __init__(self, key):
        self.key = key
        self.left = None
        self.right = None

    def add(self, key):
        if key < self.key:
            if self.left is None:
                self.left = Node(key)
            else:
                self.left.add(key)
        elif key > self.key:
            if self.right is None:
                self.right = Node(key)
            else:
                self.right.add(key)

    def total(self):
        total = self.key
        if self.left is not None:
            total += self.left.total()
        if self.right is not None:
            total += self.right.total()
        return total

    def depth(self):
        left = 0 if self.left is None else self.left.depth()
        right = 0 if self.right is None else self.right.depth()
        return 1 + max(left, right)


def trees():
    random = numbers(7)
    root = Node(16384)
    for _ in range(1000):
        root.add(next(random))
    print(root.total(), root.depth())


def queens(size, row, columns, up, down):
    if row == size:
        return 1
    found = 0
    for column in range(size):
        a = 1 << column
        b = 1 << (row + column)
        c = 1 << (row - column + size)
        if columns & a == 0 and up & b == 0 and down & c == 0:
            found += queens(size, row + 1, columns | a, up | b, down | c)
    return found


def words():
    text = "the quick brown fox jumps over the lazy dog and the quick cat"
    counts = {}
    for word in text.split():
        counts[word] = counts.get(word, 0) + 1
    print(counts["the"], counts["quick"], len(counts))
    print("-".join(sorted(counts.keys())), text.upper()[4:9], f"{len(text):>5}|")


def main():
    accounts()
    print(fibonacci(80)[79], fibonacci(12))
    primes = sieve(4000)
    print(len(primes), primes[-1], sum(primes))
    one, other = counter(), counter()
    for n in range(1000):
        one(n)
        other(1)
    print(one(0), other(0))
    print(queens(6, 0, 0, 0, 0))
    trees()
    words()


main()
