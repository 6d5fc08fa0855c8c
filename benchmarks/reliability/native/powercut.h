/* A power cut: what was not synced may be lost. See powercut.c. */

#include <sys/types.h>

enum named { CREATED, MADE, UNLINKED, RENAMED };

void cut_arm(const char *folder, int some_is_kept, long seed);
/* To be called before a change is made, while what it changes can still be looked at. */
void cut_writes(int descriptor, const void *bytes, size_t count, off_t at); /* at -1: where the descriptor stands */
void cut_truncates(int descriptor, off_t size);
void cut_names(enum named kind, const char *path, const char *to);
/* To be called after an fsync that went well, of a file or a folder. */
void cut_synced(int descriptor);
/* The power goes. */
void cut_now(void);
