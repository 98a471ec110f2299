// Samples two lines of the simulated hardware as fast as it can, until SIGTERM.
//
//   levels VALUE-FILE VALUE-FILE
//
// Prints: samples, changes seen of either line, samples in which both were on, the longest pause between
// two samples in microseconds.
//
// Two lines cannot be read in one moment. The first is read again after the second, and both count as on
// only when the first was on before and after.
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t is_running = 1;

static void stop(int signal) {
    (void)signal;
    is_running = 0;
}

static int level(int file) {
    char text[4];
    return pread(file, text, sizeof text, 0) > 0 ? text[0] == '1' : -1;
}

static long long microseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    int files[2] = {open(argv[1], O_RDONLY), open(argv[2], O_RDONLY)};
    if (files[0] < 0 || files[1] < 0) {
        perror("levels");
        return 1;
    }
    signal(SIGTERM, stop);
    long samples = 0, changes = 0, both = 0;
    int last[2] = {level(files[0]), level(files[1])};
    long long before = microseconds(), pause = 0;
    while (is_running) {
        int now[2] = {level(files[0]), level(files[1])};
        int again = level(files[0]);
        if (now[0] < 0 || now[1] < 0 || again < 0) {
            fprintf(stderr, "levels: a line cannot be read\n");
            return 1;
        }
        both += now[0] == 1 && now[1] == 1 && again == 1;
        changes += (now[0] != last[0]) + (now[1] != last[1]) + (again != now[0]);
        last[0] = again;
        last[1] = now[1];
        samples++;
        long long at = microseconds();
        if (at - before > pause) pause = at - before;
        before = at;
    }
    printf("%ld %ld %ld %lld\n", samples, changes, both, pause);
    return 0;
}
