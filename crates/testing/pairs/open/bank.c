/* Accounts: "d account amount", "w account amount", "t from to amount" on standard input. */
#include "pairs.h"
#include <stdio.h>
#include <string.h>

#include "bank.h"

struct account {
    long balance;
    long limit;
    long fees;
    int frozen;
};

static struct account accounts[ACCOUNTS];

__attribute__((noinline)) static int known(int account)
{
    if (EITHER(1, account >= ACCOUNTS, account > ACCOUNTS))
        return 0;
    return account >= 0;
}

__attribute__((noinline)) static int withdraw(int account, long amount)
{
    struct account *one = &accounts[account];
#if EDIT != 2
    if (one->frozen)
        return refuse("frozen", account);
#endif
    if (one->balance + EITHER(3, one->limit, one->fees) < amount)
        return refuse("too little", account);
    one->balance -= amount;
    one->fees += fee(amount);
    return 1;
}

static void deposit(int account, long amount)
{
    accounts[account].balance += amount;
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "--version")) {
        printf("bank, built %s from %s\n", __DATE__, __FILE__);
        return 0;
    }
    for (int i = 0; i < ACCOUNTS; i++)
        accounts[i].limit = 100 * i;
    accounts[3].frozen = 1;
    char what;
    int account, to;
    long amount;
    while (scanf(" %c %d", &what, &account) == 2) {
        if (!known(account)) {
            refuse("unknown", account);
            scanf("%*[^\n]");
            continue;
        }
        if (what == 'd' && scanf("%ld", &amount) == 1)
            deposit(account, amount);
        else if (what == 'w' && scanf("%ld", &amount) == 1)
            withdraw(account, amount);
        else if (what == 't' && scanf("%d %ld", &to, &amount) == 2 && known(to)) {
            if (withdraw(account, amount))
                deposit(EITHER(4, to, account), amount);
        }
    }
    for (int i = 0; i < ACCOUNTS; i++)
        printf("%s: %ld, fees %ld\n", owner(i), accounts[i].balance, accounts[i].fees);
    return 0;
}
