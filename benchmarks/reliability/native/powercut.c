/* A power cut, as hard as POSIX allows: a file's content is on the disk once the file was synced, a name once its folder
   was. All changes since are kept here, and `cut_now` undoes them: all of them, or some.

   Content: a file is as it was at its last sync, plus some of the writes since, each whole or lost (or none of them).
   Names: of the changes that no sync of their folder covers, the last ones are lost (or all). Both are chosen by a seed.
   No descriptor that is opened here is ever closed: closing any would give up the locks that SQLite holds on its file. */

#define _GNU_SOURCE
#include "powercut.h"
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct change { off_t at; size_t count; char *bytes; struct change *next; }; /* bytes NULL: cut off at `at` */
struct file { dev_t device; ino_t number; int descriptor; char *base; off_t base_size; struct change *first, **last;
              struct file *next; };
struct name { enum named kind; char path[PATH_MAX], to[PATH_MAX], grave[PATH_MAX + 32]; int synced; struct name *earlier; };

static struct file *files;
static struct name *names; /* the last one first */
static char graves[PATH_MAX];
static int buried, some_kept;
static uint64_t state;

void cut_arm(const char *folder, int some_is_kept, long seed) {
    snprintf(graves, sizeof graves, "%s.graves", folder);
    some_kept = some_is_kept;
    state = (uint64_t)seed * 0x9E3779B97F4A7C15u + 1;
}

static unsigned chance(unsigned below) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (unsigned)(state >> 33) % below;
}

static struct file *file_of(int descriptor) {
    struct stat about;
    char link[64];
    if (fstat(descriptor, &about) || !S_ISREG(about.st_mode)) return NULL;
    for (struct file *each = files; each; each = each->next)
        if (each->device == about.st_dev && each->number == about.st_ino) return each;
    struct file *made = calloc(1, sizeof *made);
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    *made = (struct file){about.st_dev, about.st_ino, open(link, O_RDWR | O_CLOEXEC), NULL, -1, NULL, NULL, files};
    if (made->descriptor < 0) abort();
    return files = made;
}

/* The file, its content at the last sync kept aside before the first change after it. */
static struct file *about_to_change(int descriptor) {
    struct file *file = file_of(descriptor);
    struct stat about;
    if (!file || file->base_size >= 0) return file;
    if (fstat(file->descriptor, &about)) abort();
    file->base = malloc((size_t)about.st_size + 1);
    if (pread(file->descriptor, file->base, (size_t)about.st_size, 0) != about.st_size) abort();
    file->base_size = about.st_size;
    file->last = &file->first;
    return file;
}

static void add(struct file *file, off_t at, size_t count, const void *bytes) {
    struct change *made = malloc(sizeof *made);
    *made = (struct change){at, count, bytes ? memcpy(malloc(count + 1), bytes, count) : NULL, NULL};
    *file->last = made;
    file->last = &made->next;
}

void cut_writes(int descriptor, const void *bytes, size_t count, off_t at) {
    struct file *file = about_to_change(descriptor);
    struct stat about;
    if (!file) return;
    if (at < 0) at = lseek(descriptor, 0, SEEK_CUR);
    if (fcntl(descriptor, F_GETFL) & O_APPEND && !fstat(descriptor, &about)) at = about.st_size;
    add(file, at, count, bytes);
}

void cut_truncates(int descriptor, off_t size) {
    struct file *file = about_to_change(descriptor);
    if (file) add(file, size, 0, NULL);
}

static void grave_for(char *grave) {
    mkdir(graves, 0700);
    snprintf(grave, PATH_MAX + 32, "%s/%d-%d", graves, (int)getpid(), buried++);
}

/* Keep what a name stands for, so that it can be given its name again. Folders go as they are: when they are empty. */
static void bury(const char *path, char *grave) {
    grave_for(grave);
    if (linkat(AT_FDCWD, path, AT_FDCWD, grave, 0)) grave[0] = 0;
}

void cut_names(enum named kind, const char *path, const char *to) {
    struct name *made = calloc(1, sizeof *made);
    made->kind = kind;
    made->earlier = names;
    snprintf(made->path, PATH_MAX, "%s", path);
    if (to) snprintf(made->to, PATH_MAX, "%s", to);
    if (kind == UNLINKED) bury(path, made->grave);
    if (kind == RENAMED) bury(to, made->grave);
    names = made;
}

static int lies_in(const char *path, const char *folder) {
    size_t length = strlen(folder);
    return strncmp(path, folder, length) == 0 && path[length] == '/' && !strchr(path + length + 1, '/');
}

void cut_synced(int descriptor) {
    struct stat about;
    char link[64], folder[PATH_MAX];
    if (fstat(descriptor, &about)) return;
    if (S_ISDIR(about.st_mode)) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
        ssize_t length = readlink(link, folder, sizeof folder - 1);
        folder[length > 0 ? length : 0] = 0;
        for (struct name *each = names; each; each = each->earlier)
            if (lies_in(each->kind == RENAMED ? each->to : each->path, folder)) each->synced = 1;
        return;
    }
    struct file *file = file_of(descriptor);
    if (!file || file->base_size < 0) return;
    free(file->base); /* of its changes, a few kilobytes each, the process will not live long enough to need the room */
    file->base = NULL, file->base_size = -1, file->first = NULL;
}

static void lose_content(struct file *file) {
    if (file->base_size < 0) return;
    if (ftruncate(file->descriptor, 0) || pwrite(file->descriptor, file->base, (size_t)file->base_size, 0) < 0) abort();
    for (struct change *each = file->first; each; each = each->next) {
        if (!some_kept || chance(2)) continue;
        if (!each->bytes && ftruncate(file->descriptor, each->at)) abort();
        if (each->bytes && pwrite(file->descriptor, each->bytes, each->count, each->at) < 0) abort();
    }
}

static void lose_name(struct name *name) {
    char lost[PATH_MAX + 32];
    if (name->kind == CREATED) unlink(name->path);
    if (name->kind == MADE) grave_for(lost), rename(name->path, lost); /* with all that is in it */
    if (name->kind == RENAMED) rename(name->to, name->path);
    if (name->grave[0]) link(name->grave, name->kind == RENAMED ? name->to : name->path);
}

void cut_now(void) {
    unsigned unsynced = 0;
    for (struct name *each = names; each; each = each->earlier) unsynced += !each->synced;
    unsigned lost = some_kept ? chance(unsynced + 1) : unsynced;
    for (struct file *each = files; each; each = each->next) lose_content(each);
    for (struct name *each = names; each && lost; each = each->earlier)
        if (!each->synced) lose_name(each), lost--;
}
