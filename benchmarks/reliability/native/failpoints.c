/* Fail points: the n-th change that this process makes to files under a folder kills it, or fails.

   Loaded in front of the C library (LD_PRELOAD), so that Python, SQLite and Arrow meet it alike. Counted are the calls
   by which a file's content or name changes or is made durable: write, pwrite, writev, ftruncate, fsync, fdatasync,
   rename, unlink, mkdir, rmdir, and open when it creates. Reads and locks are not. Armed by failpoints_arm, from
   ctypes; until then, and for files elsewhere, every call goes straight through. */

#define _GNU_SOURCE
#include "powercut.h"
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

enum { COUNT, KILL, TEAR, FULL, BROKEN, LOSE, MIX };
/* COUNT: only count. KILL: die before the n-th change. TEAR: write half of the n-th change's bytes, then die (a change
   without bytes is made whole first). FULL: from the n-th on, what needs space has none. BROKEN: the n-th alone fails
   with an I/O error. LOSE: the power goes before the n-th change, and with it all that was not synced. MIX: the same,
   but some of that stays. */

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
    cut_arm(folder, how == MIX, number);
    mode = how;
}

long failpoints_seen(void) { return atomic_load(&seen); }

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

void failpoints_cut(void) {
    mode = -1; /* what happens from here on is no change of the process */
    cut_now();
    die();
}

/* The path of an open file or folder; 0 where it has none. */
static int path_of(int descriptor, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    path[length > 0 ? length : 0] = 0;
    return length > 0;
}

static int within(const char *path) {
    return strncmp(path, folder, folder_length) == 0 && (path[folder_length] == '/' || path[folder_length] == 0);
}

/* Whether a path is one of the folder; `whole` is the path from the root. */
static int named(int at, const char *path, char *whole) {
    if (mode < 0 || !path) return 0;
    whole[0] = 0;
    if (path[0] != '/') {
        if (at == AT_FDCWD ? !getcwd(whole, PATH_MAX) : !path_of(at, whole)) return 0;
        strncat(whole, "/", PATH_MAX - strlen(whole) - 1);
    }
    strncat(whole, path, PATH_MAX - strlen(whole) - 1);
    return within(whole);
}

static int opened(int descriptor) {
    char path[PATH_MAX];
    return mode >= 0 && path_of(descriptor, path) && within(path);
}

/* Whether this change is to fail, with errno set; dies where it is to die before anything happened. */
static int fails(int needs_space) {
    long number = atomic_fetch_add(&seen, 1) + 1;
    if (mode == KILL && number == nth) die();
    if (mode >= LOSE && number == nth) failpoints_cut();
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
    if (mode >= LOSE) cut_writes(descriptor, bytes, count, -1);
    return real(descriptor, bytes, count);
}

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    if (!opened(descriptor)) return real(descriptor, parts, count);
    if (fails(1)) return -1;
    if (tears()) { real(descriptor, parts, (count + 1) / 2); die(); }
    if (mode < LOSE) return real(descriptor, parts, count);
    cut_writes(descriptor, parts[0].iov_base, parts[0].iov_len, -1);
    return real(descriptor, parts, 1); /* to write less than was asked is a right answer */
}

#define PWRITE(name) \
    ssize_t name(int descriptor, const void *bytes, size_t count, off64_t at) { \
        REAL(ssize_t, #name, int, const void *, size_t, off64_t); \
        if (!opened(descriptor)) return real(descriptor, bytes, count, at); \
        if (fails(1)) return -1; \
        if (tears()) { real(descriptor, bytes, count / 2, at); die(); } \
        if (mode >= LOSE) cut_writes(descriptor, bytes, count, at); \
        return real(descriptor, bytes, count, at); \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

#define ON_DESCRIPTOR(name, space, parameters, arguments, before, after) \
    int name parameters { \
        static int (*real) parameters; \
        if (!real) real = (int (*) parameters)dlsym(RTLD_NEXT, #name); \
        if (!opened(descriptor)) return real arguments; \
        if (fails(space)) return -1; \
        if (mode >= LOSE) before; \
        int answer = real arguments; \
        if (tears()) die(); \
        if (mode >= LOSE && answer == 0) after; \
        return answer; \
    }
ON_DESCRIPTOR(fsync, 0, (int descriptor), (descriptor), (void)0, cut_synced(descriptor))
ON_DESCRIPTOR(fdatasync, 0, (int descriptor), (descriptor), (void)0, cut_synced(descriptor))
ON_DESCRIPTOR(ftruncate, 0, (int descriptor, off64_t size), (descriptor, size), cut_truncates(descriptor, size), (void)0)
ON_DESCRIPTOR(ftruncate64, 0, (int descriptor, off64_t size), (descriptor, size), cut_truncates(descriptor, size), (void)0)
ON_DESCRIPTOR(posix_fallocate, 1, (int descriptor, off64_t at, off64_t size), (descriptor, at, size), (void)0, (void)0)
ON_DESCRIPTOR(posix_fallocate64, 1, (int descriptor, off64_t at, off64_t size), (descriptor, at, size), (void)0, (void)0)

#define ON_PATH(name, at, to_at, to, kind, parameters, arguments) \
    int name parameters { \
        static int (*real) parameters; \
        char whole[PATH_MAX], there[PATH_MAX]; \
        if (!real) real = (int (*) parameters)dlsym(RTLD_NEXT, #name); \
        if (!named(at, path, whole)) return real arguments; \
        if (fails(0)) return -1; \
        if (mode >= LOSE) named(to_at, to, there), cut_names(kind, whole, there); \
        int answer = real arguments; \
        if (tears()) die(); \
        return answer; \
    }
ON_PATH(unlink, AT_FDCWD, AT_FDCWD, path, UNLINKED, (const char *path), (path))
ON_PATH(rmdir, AT_FDCWD, AT_FDCWD, path, UNLINKED, (const char *path), (path))
ON_PATH(unlinkat, at, at, path, UNLINKED, (int at, const char *path, int flags), (at, path, flags))
ON_PATH(mkdir, AT_FDCWD, AT_FDCWD, path, MADE, (const char *path, mode_t allowed), (path, allowed))
ON_PATH(rename, AT_FDCWD, AT_FDCWD, to, RENAMED, (const char *path, const char *to), (path, to))
ON_PATH(renameat, at, there_at, to, RENAMED, (int at, const char *path, int there_at, const char *to),
        (at, path, there_at, to))

static int creates(const char *path, int flags, char *whole) {
    return (flags & O_CREAT) && named(AT_FDCWD, path, whole) && access(path, F_OK) != 0;
}

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(int, #name, const char *, int, ...); \
        char whole[PATH_MAX]; \
        va_list rest; \
        va_start(rest, flags); \
        mode_t allowed = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        if (!creates(path, flags, whole)) return real(path, flags, allowed); \
        if (fails(1)) return -1; \
        if (mode >= LOSE) cut_names(CREATED, whole, NULL); \
        int answer = real(path, flags, allowed); \
        if (tears()) die(); \
        return answer; \
    }
OPEN(open)
OPEN(open64)
