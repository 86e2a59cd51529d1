/* say.h - talk: everything a person reads that is no result goes through here to stderr. Also memory that cannot fail quietly. */
#ifndef TOME_CLI_SAY_H
#define TOME_CLI_SAY_H

#include <stdio.h>

#include "tome.h"

/* "tome: …" and a newline on stderr. Control characters (file names may hold any) come out as '?'. */
void cli_error(const char *fmt, ...) TOME_PRINTF(1, 2);
/* A line on stderr without the name in front. */
void cli_say(const char *fmt, ...) TOME_PRINTF(1, 2);
/* Prints the library's sentence; returns the exit status that goes with its code. */
int cli_failed(const tome_error *err);

/* Records a usage error, where none is recorded yet; returns false. */
bool cli_fail(tome_error *err, const char *fmt, ...) TOME_PRINTF(2, 3);

/* Text that somebody else wrote, without control characters. */
void cli_put_clean(FILE *out, const char *text);

/* Never NULL: out of memory ends the program with a sentence. Free with free(). */
void *cli_alloc(size_t count, size_t size);               /* cleared */
void *cli_grow(void *array, size_t count, size_t size);   /* realloc */
char *cli_dup(const char *text);                          /* NULL gives "" */
char *cli_printf(const char *fmt, ...) TOME_PRINTF(1, 2); /* a new string */

/* open_memstream; fclose it, then free *text. */
FILE *cli_memory_file(char **text, size_t *length);

/* Flushes stdout; a write that failed (disk full) turns status 0 into 1 and says so. */
int cli_finish(int status);

/* For commands that work through many pictures: memory given back goes to the next one, not to the system, whose fresh pages cost as much as decoding. */
void cli_keep_memory(void);

#endif
