/* Fees by amount, and who owns what. */
#include "pairs.h"
#include <stdio.h>

#include "bank.h"

struct step {
    long up_to;
    long fee;
};

static const struct step private_steps[] = {{10, 0}, {100, 1}, {1000, 5}, {1000000, 20}};
static const struct step business_steps[] = {{10, 1}, {100, 2}, {1000, 3}, {1000000, 4}};

static const char *const owners[ACCOUNTS] = {
    EITHER(5, "Anna", "Emil"), "Bela", "Cora", "Dora", EITHER(5, "Emil", "Anna"), "Fritz",
};

const char *owner(int account)
{
    return owners[account];
}

long fee(long amount)
{
    const struct step *step = EITHER(6, private_steps, business_steps);
    while (amount > step->up_to)
        step++;
    long other = amount % 7 == 3 ? business_steps[1].fee : private_steps[0].fee;
    return step->fee + other;
}

int refuse(const char *why, int account)
{
    printf("refused for %d: %s\n", account, why);
    return 0;
}
