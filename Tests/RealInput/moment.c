// Does one thing to the simulated hardware and prints when: nanoseconds since 1970, just before.
//
//   moment FILE WORD     writes WORD to FILE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    int file = open(argv[1], O_WRONLY);
    if (file < 0) {
        perror(argv[1]);
        return 1;
    }
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (write(file, argv[2], strlen(argv[2])) < 0) {
        perror(argv[1]);
        return 1;
    }
    printf("%lld%09ld\n", (long long)now.tv_sec, now.tv_nsec);
    return 0;
}
