/* Months and how times are printed. */
#include "pairs.h"
#include <stdio.h>

#include "clock.h"

#ifdef REORDER
static const char *const names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                    "Jul", "Aug", "Sep", EITHER(5, "Oct", "Nov"), EITHER(5, "Nov", "Oct"), "Dec"};
static const int days[] = {31, 28, 31, 30, 31, 30, 31, EITHER(6, 31, 30), 30, 31, 30, 31};
#else
static const int days[] = {31, 28, 31, 30, 31, 30, 31, EITHER(6, 31, 30), 30, 31, 30, 31};
static const char *const names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                    "Jul", "Aug", "Sep", EITHER(5, "Oct", "Nov"), EITHER(5, "Nov", "Oct"), "Dec"};
#endif

const char *month_of(long day)
{
    int month = 0;
    while (month < 11 && day >= days[month])
        day -= days[month++];
    return names[month];
}

void print_time(long local)
{
    printf("%02ld:%02ld:%02ld\n", local / 3600 % 24, local / 60 % 60, local % 60);
}
