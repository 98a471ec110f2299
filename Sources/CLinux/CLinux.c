#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/timex.h>
#include <sys/vfs.h>
#include <time.h>

int tidegate_readable_with(int first, int second) {
    int both = epoll_create1(EPOLL_CLOEXEC);
    if (both < 0) return -1;
    struct epoll_event readable = {.events = EPOLLIN};
    if (epoll_ctl(both, EPOLL_CTL_ADD, first, &readable) == 0
        && epoll_ctl(both, EPOLL_CTL_ADD, second, &readable) == 0)
        return both;
    close(both);
    return -1;
}

int tidegate_semaphore_wait(void *semaphore, int64_t nanoseconds) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += nanoseconds / 1000000000;
    until.tv_nsec += nanoseconds % 1000000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec += 1;
        until.tv_nsec -= 1000000000;
    }
    int result;
    do result = sem_clockwait(semaphore, CLOCK_MONOTONIC, &until);
    while (result == -1 && errno == EINTR);
    return result;
}

int tidegate_replace_descriptor(int from, int to) { return dup3(from, to, O_CLOEXEC); }

int tidegate_open_terminal(char *path, size_t size) {
    int near = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (near < 0) return -1;
    struct termios settings;
    if (grantpt(near) == 0 && unlockpt(near) == 0 && tcgetattr(near, &settings) == 0) {
        cfmakeraw(&settings);
        if (tcsetattr(near, TCSANOW, &settings) == 0 && ptsname_r(near, path, size) == 0)
            return near;
    }
    int saved = errno;
    close(near);
    errno = saved;
    return -1;
}

int tidegate_poll(struct pollfd *descriptors, unsigned long count, int64_t nanoseconds) {
    if (nanoseconds < 0) return ppoll(descriptors, count, NULL, NULL);
    struct timespec limit = {
        .tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    return ppoll(descriptors, count, &limit, NULL);
}

void tidegate_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

int tidegate_spawn_closing_from(void *actions, int lowest) {
    return posix_spawn_file_actions_addclosefrom_np(actions, lowest);
}

int tidegate_stack_of_this_thread(void **lowest, size_t *size) {
    pthread_attr_t attributes;
    int status = pthread_getattr_np(pthread_self(), &attributes);
    if (status != 0) return status;
    pthread_attr_getstack(&attributes, lowest, size);
    pthread_attr_destroy(&attributes);
    return 0;
}

int tidegate_clock_is_synchronised(void) {
    struct timex state = {.modes = 0};
    int result = adjtimex(&state);
    return result >= 0 && result != TIME_ERROR && !(state.status & STA_UNSYNC);
}

int tidegate_notices(void) { return inotify_init1(IN_NONBLOCK | IN_CLOEXEC); }

int tidegate_notice_folder(int notices, const char *path) {
    return inotify_add_watch(
        notices, path,
        IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB
            | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR);
}

ssize_t tidegate_read_notices(
    int notices, void *context, void (*about)(void *context, const char *name, int lost)) {
    _Alignas(struct inotify_event) char buffer[8192];
    ssize_t count = read(notices, buffer, sizeof buffer);
    for (ssize_t at = 0; at < count;) {
        const struct inotify_event *event = (const struct inotify_event *)(buffer + at);
        int lost = (event->mask
                    & (IN_Q_OVERFLOW | IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT))
            != 0;
        about(context, event->len ? event->name : "", lost);
        at += (ssize_t)(sizeof *event + event->len);
    }
    return count;
}

uint64_t tidegate_file_system(const char *path) {
    struct statfs status;
    return statfs(path, &status) == 0 ? (uint64_t)status.f_type : 0;
}
