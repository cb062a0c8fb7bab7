#define ACCOUNTS 6

int refuse(const char *why, int account);
long fee(long amount);
const char *owner(int account);
