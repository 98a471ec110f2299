// Linux calls that Swift's Glibc module does not show.
#ifndef TIDEGATE_CLINUX_H
#define TIDEGATE_CLINUX_H

#define _GNU_SOURCE
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <termios.h>
#include <unistd.h>

// A process descriptor for poll(2), or -1 with errno. glibc 2.36 has no C++-safe header for it.
static inline int tidegate_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

#endif
