// Linux calls that Swift's Glibc module does not show.
//
// No _GNU_SOURCE here: it changes fd_set, which then differs from the one of Swift's Glibc module, and a
// clean build fails. Calls that need it are wrapped in CLinux.c.
#ifndef TIDEGATE_CLINUX_H
#define TIDEGATE_CLINUX_H

#include <sys/eventfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <termios.h>
#include <unistd.h>

// A process descriptor for poll(2), or -1 with errno. glibc 2.36 has no C++-safe header for it.
static inline int tidegate_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

// The kernel's number of the calling thread.
static inline pid_t tidegate_thread_id(void) { return (pid_t)syscall(SYS_gettid); }

// A descriptor that is readable while one of the two is, or -1 with errno. It does not own them.
int tidegate_readable_with(int first, int second);

// ppoll(2) without a signal mask: nanoseconds of at most INT64_MAX, or a negative number for ever.
int tidegate_poll(struct pollfd *descriptors, unsigned long count, int64_t nanoseconds);

// Names the calling thread for top and debuggers; at most 15 bytes.
void tidegate_name_thread(const char *name);

// Has a program to be spawned inherit no descriptor from `lowest` on. `actions` is a
// posix_spawn_file_actions_t.
int tidegate_spawn_closing_from(void *actions, int lowest);

// Waits for a sem_t, at most so many nanoseconds of CLOCK_MONOTONIC. 0, or -1 with errno.
int tidegate_semaphore_wait(void *semaphore, int64_t nanoseconds);

// Makes `to` another name of `from`, closed on exec, in one step. `to`, or -1 with errno.
int tidegate_replace_descriptor(int from, int to);

// The near end of a new raw pseudo-terminal, and the path of its far end. -1 with errno.
int tidegate_open_terminal(char *path, size_t size);

// The calling thread's stack without its guard: the lowest address and the bytes. 0, or an error number.
int tidegate_stack_of_this_thread(void **lowest, size_t *size);

// Whether the kernel takes its wall clock for synchronised: 1 or 0.
int tidegate_clock_is_synchronised(void);

// A new descriptor that tells of changes in folders, or -1 with errno. It does not block.
int tidegate_notices(void);

// Has `notices` tell of files that come, go or were written in a folder, and of the folder's own end.
// A number for the watch, or -1 with errno.
int tidegate_notice_folder(int notices, const char *path);

// Reads what there is, to be asked again until it answers 0 or less. `about` is called for each change
// with the file's name, empty for the folder itself; `lost` says that changes were missed or the folder
// has gone. Bytes read, or -1 with errno.
ssize_t tidegate_read_notices(
    int notices, void *context, void (*about)(void *context, const char *name, int lost));

// Has a terminal hand over each key at once and show none, until `tidegate_keys_end`; a signal that ends or
// stops the process gives it back as it was first. One terminal at a time. 0, or -1 with errno: it is no
// terminal, or that of another process.
int tidegate_keys_begin(int terminal);

// Gives the terminal back as it was. May be called at any time, also from a signal's handler.
void tidegate_keys_end(void);

// Whether the process was stopped and goes on since this was asked last: others have used the terminal.
int tidegate_keys_were_away(void);

// Makes so many threads, all at once, and ends them again. 0, or the error number of the first that cannot be
// had. The threads use no memory but their stacks, so that no arena of malloc(3) is made for them.
int tidegate_try_threads(int count, size_t stack);

// Chooses the chip that an open I2C bus is for. 0, or -1 with errno: EBUSY when a driver of the kernel has it.
int tidegate_i2c_select(int descriptor, uint8_t chip);

// Sends bytes to a chip and then has it send some, either of which may be none, with a repeated start between.
// 0, or -1 with errno.
int tidegate_i2c_transfer(
    int descriptor, uint8_t chip, const uint8_t *output, uint16_t sent, uint8_t *input,
    uint16_t received);

// Has each of these signals be told by a byte, its number, on the descriptor that is returned; -1 with errno.
// To be called once.
int tidegate_take_signals(const int *numbers, int count);

// The process that listens at the other end of a Unix socket that is connected, or -1 with errno.
pid_t tidegate_listener_of(int socket);

// Who connected to a Unix socket, as the kernel noted it then. -1 with errno when it does not say.
int tidegate_caller_of(int socket, uint32_t *user, uint32_t *group);

// The supplementary groups of who connected to a Unix socket: how many there are, or -1 with errno, which is
// ERANGE when there are more than `capacity`.
int tidegate_groups_of_caller(int socket, uint32_t *groups, int capacity);

// The number of a group in the system's list, or -1 when it has none of that name.
int64_t tidegate_group_named(const char *name);

// The kind of file system that a path lies on, as statfs(2) numbers it; 0 when that cannot be told.
uint64_t tidegate_file_system(const char *path);

#endif
