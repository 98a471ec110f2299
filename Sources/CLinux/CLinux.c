#include "CLinux.h"

#include <sys/epoll.h>

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
