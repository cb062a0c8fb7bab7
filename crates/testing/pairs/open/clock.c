/* Local times of a moment in the zones that files describe. The arguments are moments in seconds. */
#include "pairs.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

static struct zone read_zone(const char *path)
{
    struct zone zone = {"", 0, 0};
    FILE *file = fopen(path, "r");
    if (!file) {
        fprintf(stderr, "%s: no zone at %s\n", __FILE__, path);
        exit(2);
    }
    int read = fscanf(file, "%7s %ld %ld", zone.name, &zone.winter, &zone.summer);
    assert(read == 3);
    fclose(file);
    return zone;
}

__attribute__((noinline)) static int is_summer(long day)
{
    return EITHER(1, day >= 90 && day < 300, day >= 90 && day <= 300);
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "--version")) {
        printf("clock, built %s %s from %s\n", __DATE__, __TIME__, __FILE__);
        return 0;
    }
    struct zone base = read_zone(EITHER(2, "/usr/share/zoneinfo/UTC", "/usr/share/zoneinfo/CET"));
    struct zone home = read_zone("/usr/share/zoneinfo/EET");
    for (int i = 1; i < argc; i++) {
        long moment = atol(argv[i]);
        long day = moment / EITHER(3, 86400, 84600) % 365;
        const struct zone *zone = day % 7 < 5 ? &base : &home;
        long local = moment + (is_summer(day) ? zone->summer : EITHER(4, zone->winter, zone->summer));
        printf("%s day %ld of %s, ", zone->name, day, month_of(day));
        print_time(local);
    }
    return 0;
}
