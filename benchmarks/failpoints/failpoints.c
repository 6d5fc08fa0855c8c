/* Fail points: the n-th change that this process makes to files under a folder kills it, or fails.

   Loaded in front of the C library (LD_PRELOAD), so that Python, SQLite and Arrow meet it alike. Counted are the calls
   by which a file's content or name changes or is made durable: write, pwrite, writev, ftruncate, fsync, fdatasync,
   rename, unlink, link, and open when it creates. Reads and locks are not. Armed by failpoints_arm, from ctypes; until
   then, and for files elsewhere, every call goes straight through. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { COUNT, KILL, TEAR, FULL, BROKEN };
/* COUNT: only count. KILL: die before the n-th change. TEAR: write half of the n-th change's bytes, then die (a change
   without bytes is made whole first). FULL: from the n-th on, what needs space has none. BROKEN: the n-th alone fails
   with an I/O error. */

static char folder[PATH_MAX];
static size_t folder_length;
static atomic_long seen;
static long nth;
static int mode = -1;

void failpoints_arm(const char *path, long number, int how) {
    strncpy(folder, path, sizeof folder - 1);
    folder_length = strlen(folder);
    atomic_store(&seen, 0);
    nth = number;
    mode = how;
}

long failpoints_seen(void) { return atomic_load(&seen); }

static int named(const char *path) {
    char whole[PATH_MAX];
    if (mode < 0 || !path) return 0;
    if (path[0] != '/') {
        if (!getcwd(whole, sizeof whole)) return 0;
        size_t used = strlen(whole);
        snprintf(whole + used, sizeof whole - used, "/%s", path);
        path = whole;
    }
    return strncmp(path, folder, folder_length) == 0 && (path[folder_length] == '/' || path[folder_length] == 0);
}

static int opened(int descriptor) {
    char link[64], path[PATH_MAX];
    if (mode < 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return named(path);
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/* Whether this change is to fail, with errno set; dies where it is to die before anything happened. */
static int fails(int needs_space) {
    long number = atomic_fetch_add(&seen, 1) + 1;
    if (mode == KILL && number == nth) die();
    if (mode == FULL && number >= nth && needs_space) { errno = ENOSPC; return 1; }
    if (mode == BROKEN && number == nth) { errno = EIO; return 1; }
    return 0;
}

static int tears(void) { return mode == TEAR && atomic_load(&seen) == nth; }

#define REAL(result, name, ...) \
    static result (*real)(__VA_ARGS__); \
    if (!real) real = (result (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

ssize_t write(int descriptor, const void *bytes, size_t count) {
    REAL(ssize_t, "write", int, const void *, size_t);
    if (!opened(descriptor)) return real(descriptor, bytes, count);
    if (fails(1)) return -1;
    if (tears()) { real(descriptor, bytes, count / 2); die(); }
    return real(descriptor, bytes, count);
}

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    if (!opened(descriptor)) return real(descriptor, parts, count);
    if (fails(1)) return -1;
    if (tears()) { real(descriptor, parts, (count + 1) / 2); die(); }
    return real(descriptor, parts, count);
}

#define PWRITE(name) \
    ssize_t name(int descriptor, const void *bytes, size_t count, off64_t at) { \
        REAL(ssize_t, #name, int, const void *, size_t, off64_t); \
        if (!opened(descriptor)) return real(descriptor, bytes, count, at); \
        if (fails(1)) return -1; \
        if (tears()) { real(descriptor, bytes, count / 2, at); die(); } \
        return real(descriptor, bytes, count, at); \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

#define ON_DESCRIPTOR(name, space, parameters, arguments) \
    int name parameters { \
        static int (*real) parameters; \
        if (!real) real = (int (*) parameters)dlsym(RTLD_NEXT, #name); \
        if (!opened(descriptor)) return real arguments; \
        if (fails(space)) return -1; \
        int answer = real arguments; \
        if (tears()) die(); \
        return answer; \
    }
ON_DESCRIPTOR(fsync, 0, (int descriptor), (descriptor))
ON_DESCRIPTOR(fdatasync, 0, (int descriptor), (descriptor))
ON_DESCRIPTOR(ftruncate, 0, (int descriptor, off64_t size), (descriptor, size))
ON_DESCRIPTOR(ftruncate64, 0, (int descriptor, off64_t size), (descriptor, size))
ON_DESCRIPTOR(posix_fallocate, 1, (int descriptor, off64_t at, off64_t size), (descriptor, at, size))
ON_DESCRIPTOR(posix_fallocate64, 1, (int descriptor, off64_t at, off64_t size), (descriptor, at, size))

#define ON_PATH(name, parameters, arguments) \
    int name parameters { \
        static int (*real) parameters; \
        if (!real) real = (int (*) parameters)dlsym(RTLD_NEXT, #name); \
        if (!named(path)) return real arguments; \
        if (fails(0)) return -1; \
        int answer = real arguments; \
        if (tears()) die(); \
        return answer; \
    }
ON_PATH(unlink, (const char *path), (path))
ON_PATH(rename, (const char *path, const char *to), (path, to))
ON_PATH(link, (const char *path, const char *to), (path, to))
ON_PATH(unlinkat, (int at, const char *path, int flags), (at, path, flags))
ON_PATH(renameat, (int at, const char *path, int there, const char *to), (at, path, there, to))

static int creates(const char *path, int flags) { return (flags & O_CREAT) && named(path) && access(path, F_OK) != 0; }

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(int, #name, const char *, int, ...); \
        va_list rest; \
        va_start(rest, flags); \
        mode_t allowed = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        if (!creates(path, flags)) return real(path, flags, allowed); \
        if (fails(1)) return -1; \
        int answer = real(path, flags, allowed); \
        if (tears()) die(); \
        return answer; \
    }
OPEN(open)
OPEN(open64)
