#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
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

int tidegate_i2c_select(int descriptor, uint8_t chip) {
    return ioctl(descriptor, I2C_SLAVE, (unsigned long)chip);
}

int tidegate_i2c_transfer(
    int descriptor, uint8_t chip, const uint8_t *output, uint16_t sent, uint8_t *input,
    uint16_t received) {
    struct i2c_msg messages[2];
    struct i2c_rdwr_ioctl_data all = {.msgs = messages, .nmsgs = 0};
    if (sent > 0)
        messages[all.nmsgs++] =
            (struct i2c_msg){.addr = chip, .flags = 0, .len = sent, .buf = (uint8_t *)output};
    if (received > 0)
        messages[all.nmsgs++] =
            (struct i2c_msg){.addr = chip, .flags = I2C_M_RD, .len = received, .buf = input};
    int result;
    do result = ioctl(descriptor, I2C_RDWR, &all);
    while (result == -1 && errno == EINTR);
    if (result < 0) return -1;
    if (result == (int)all.nmsgs) return 0;
    errno = EIO;
    return -1;
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

// What a signal's handler needs is written before the handlers are set, and read by them alone.
static struct termios keys_before, keys_during;
static int keys_terminal = -1;
static volatile sig_atomic_t keys_are_on, keys_away;

static int keys_in_front(void) { return tcgetpgrp(keys_terminal) == getpgrp(); }

void tidegate_keys_end(void) {
    int saved = errno;
    // A process in the background would be stopped; its shell has set the terminal by itself.
    if (keys_are_on && keys_in_front()) tcsetattr(keys_terminal, TCSANOW, &keys_before);
    keys_are_on = 0;
    errno = saved;
}

// What the signals meant before; Swift's runtime says where it crashed, and asks questions on a terminal.
static struct sigaction keys_ends_before[_NSIG];

static void keys_end_and_die(int number) {
    tidegate_keys_end();
    sigaction(number, &keys_ends_before[number], NULL);
    raise(number);
}

static void keys_pause(int number) {
    int saved = errno;
    if (keys_are_on && keys_in_front()) tcsetattr(keys_terminal, TCSANOW, &keys_before);
    struct sigaction usual = {.sa_handler = SIG_DFL}, own;
    sigset_t this_one, before;
    sigemptyset(&this_one);
    sigaddset(&this_one, number);
    sigaction(number, &usual, &own);
    raise(number);
    // Here it stands still until somebody sends SIGCONT.
    pthread_sigmask(SIG_UNBLOCK, &this_one, &before);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    sigaction(number, &own, NULL);
    errno = saved;
}

static void keys_go_on(int number) {
    (void)number;
    int saved = errno;
    if (keys_are_on && keys_in_front()) tcsetattr(keys_terminal, TCSANOW, &keys_during);
    keys_away = 1;
    errno = saved;
}

int tidegate_keys_were_away(void) {
    int away = keys_away;
    keys_away = 0;
    return away;
}

int tidegate_keys_begin(int terminal) {
    if (tcgetattr(terminal, &keys_before) != 0) return -1;
    if (tcgetpgrp(terminal) != getpgrp()) {
        errno = ENOTTY;
        return -1;
    }
    keys_during = keys_before;
    keys_during.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    keys_during.c_cc[VMIN] = 0;
    keys_during.c_cc[VTIME] = 0;
    keys_terminal = terminal;
    keys_are_on = 1;
    static const int ends[] = {
        SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV};
    struct sigaction end = {.sa_handler = keys_end_and_die, .sa_flags = SA_ONSTACK},
                     pause = {.sa_handler = keys_pause},
                     go_on = {.sa_handler = keys_go_on, .sa_flags = SA_RESTART};
    for (size_t at = 0; at < sizeof ends / sizeof *ends; at++) {
        struct sigaction *before = &keys_ends_before[ends[at]];
        // One that is ignored, or that somebody takes for an orderly end, is none of these.
        int is_known = sigaction(ends[at], NULL, before) == 0 && before->sa_handler != SIG_IGN;
        if (is_known && (before->sa_handler == SIG_DFL || at > 3)) sigaction(ends[at], &end, NULL);
    }
    pause.sa_flags = SA_RESTART;
    sigaction(SIGTSTP, &pause, NULL);
    sigaction(SIGCONT, &go_on, NULL);
    return tcsetattr(terminal, TCSANOW, &keys_during);
}

// Source: unix(7), SO_PEERCRED: those of the process that called listen(2).
pid_t tidegate_listener_of(int socket) {
    struct ucred peer;
    socklen_t size = sizeof peer;
    return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) ? -1 : peer.pid;
}

// Source: unix(7), SO_PEERCRED: those of the process at connect(2), which it cannot choose.
int tidegate_caller_of(int socket, uint32_t *user, uint32_t *group) {
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size)) return -1;
    *user = peer.uid;
    *group = peer.gid;
    return 0;
}

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

// Source: Linux 4.13, net/core/sock.c, SO_PEERGROUPS.
int tidegate_groups_of_caller(int socket, uint32_t *groups, int capacity) {
    socklen_t size = (socklen_t)capacity * sizeof *groups;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups, &size)) return -1;
    return (int)(size / sizeof *groups);
}

int64_t tidegate_group_named(const char *name) {
    char room[16384];
    struct group entry, *found = NULL;
    // A group with more members than fit is as good as none.
    return getgrnam_r(name, &entry, room, sizeof room, &found) || !found ? -1 : found->gr_gid;
}

static int told_signals = -1;

static void tell_signal(int number) {
    unsigned char byte = (unsigned char)number;
    int before = errno;
    // A pipe that is full has woken its reader already.
    ssize_t written = write(told_signals, &byte, 1);
    (void)written;
    errno = before;
}

int tidegate_take_signals(const int *numbers, int count) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC)) return -1;
    if (fcntl(ends[1], F_SETFL, O_NONBLOCK)) return -1;
    told_signals = ends[1];
    struct sigaction take = {.sa_handler = tell_signal, .sa_flags = SA_RESTART};
    for (int i = 0; i < count; i++)
        if (sigaction(numbers[i], &take, NULL)) return -1;
    return ends[0];
}

static void *pass(void *gate) {
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

int tidegate_try_threads(int count, size_t stack) {
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_attr_t attributes;
    pthread_t *made = calloc(count > 0 ? count : 1, sizeof *made);
    if (!made) return ENOMEM;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stack);
    int result = 0, threads = 0;
    pthread_mutex_lock(&gate);
    while (threads < count && !(result = pthread_create(&made[threads], &attributes, pass, &gate)))
        threads++;
    pthread_mutex_unlock(&gate);
    for (int i = 0; i < threads; i++) pthread_join(made[i], NULL);
    pthread_attr_destroy(&attributes);
    free(made);
    return result;
}
