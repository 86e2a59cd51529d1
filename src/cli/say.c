/* say.c - talk on stderr, and memory that cannot fail quietly. */
#include "cli/say.h"

#include <errno.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/interrupt.h"
#include "cli/progress.h"

void cli_put_clean(FILE *out, const char *text) {
  for (const char *s = text; *s; s++) {
    unsigned char c = (unsigned char)*s;
    fputc(c < 0x20 || c == 0x7f ? (c == '\n' || c == '\t' ? ' ' : '?') : c, out);
  }
}

static char *vprint(const char *fmt, va_list args) {
  char *text = NULL;
  if (vasprintf(&text, fmt, args) >= 0) return text;
  fputs("tome: out of memory\n", stderr);
  exit(CLI_REFUSED);
}

/* One line, whole even beside a progress line that is being redrawn. */
static void put_line(const char *before, const char *text) {
  cli_progress_hold();
  fflush(stdout); /* what was said before comes before, where both go to one place */
  fputs(before, stderr);
  cli_put_clean(stderr, text);
  fputc('\n', stderr);
  cli_progress_release();
}

void cli_error(const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  char *text = vprint(fmt, args);
  va_end(args);
  put_line("tome: ", text);
  free(text);
}

void cli_say(const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  char *text = vprint(fmt, args);
  va_end(args);
  put_line("", text);
  free(text);
}

int cli_failed(const tome_error *err) {
  cli_error("%s", err->message[0] ? err->message : "failed without saying why");
  if (err->code == TOME_CANCELLED && cli_interrupted()) return 128 + cli_interrupted();
  return err->code == TOME_USAGE ? CLI_USAGE : CLI_REFUSED;
}

bool cli_fail(tome_error *err, const char *fmt, ...) {
  if (err->code != TOME_OK) return false;
  va_list args;
  va_start(args, fmt);
  vsnprintf(err->message, sizeof err->message, fmt, args);
  va_end(args);
  err->code = TOME_USAGE;
  return false;
}

static void *must(void *p) {
  if (p) return p;
  fputs("tome: out of memory\n", stderr);
  exit(CLI_REFUSED);
}

void *cli_alloc(size_t count, size_t size) { return must(calloc(count ? count : 1, size ? size : 1)); }

void *cli_grow(void *array, size_t count, size_t size) { return must(reallocarray(array, count ? count : 1, size)); }

char *cli_dup(const char *text) { return must(strdup(text ? text : "")); }

char *cli_printf(const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  char *text = vprint(fmt, args);
  va_end(args);
  return text;
}

FILE *cli_memory_file(char **text, size_t *length) { return must(open_memstream(text, length)); }

int cli_finish(int status) {
  if (fflush(stdout) == 0 && !ferror(stdout)) return status;
  cli_error("cannot write to standard output: %s", strerror(errno));
  return status == CLI_OK ? CLI_REFUSED : status;
}

void cli_keep_memory(void) {
#ifdef __GLIBC__
  enum { PICTURE = 8 << 20 };
  (void)mallopt(M_MMAP_THRESHOLD, PICTURE);
  (void)mallopt(M_TRIM_THRESHOLD, 4 * PICTURE); /* a thread */
#endif
}
