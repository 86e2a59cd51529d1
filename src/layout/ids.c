/* Ids: safe as file names, unique within a plan, in natural order. Where two cases bear one name, both get the name of the
 * folder they lie in before it ("patient1_CT", "patient2_CT"), and so on upwards until they differ. */
#include <stdlib.h>
#include <string.h>

#include "layout/scan.h"

enum { LONGEST_ID = 200 };

/* Bytes of the UTF-8 sequence at s, 0 where it is none (or overlong, or a surrogate). */
static size_t utf8_length(const unsigned char *s) {
  if (s[0] < 0x80) return 1;
  const size_t n = s[0] >= 0xC2 && s[0] < 0xE0 ? 2 : (s[0] & 0xF0) == 0xE0 ? 3 : s[0] >= 0xF0 && s[0] < 0xF5 ? 4 : 0;
  for (size_t i = 1; i < n; i++)
    if ((s[i] & 0xC0) != 0x80) return 0;
  if (n == 3 && ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F))) return 0;
  if (n == 4 && ((s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F))) return 0;
  return n;
}

char *tome_safe_name(tome_arena *a, const char *name, tome_error *err) {
  char *safe = tome_arena_dup(a, name, err);
  if (!safe) return NULL;
  size_t n = 0;
  while (safe[n]) {
    const size_t length = utf8_length((const unsigned char *)safe + n);
    if (n + (length ? length : 1) > LONGEST_ID) break;
    const unsigned char c = (unsigned char)safe[n];
    if (!length || c < 0x20 || c == 0x7F || c == '/' || c == '\\' || (c == '.' && n == 0)) safe[n] = '_';
    n += length ? length : 1;
  }
  safe[n] = '\0';
  return n ? safe : tome_arena_dup(a, "case", err);
}

/* A case while ids are being made: how many folders stand before its name, and its number among namesakes in one folder. */
typedef struct naming {
  tome_case_input *c;
  size_t parts;
} naming;

/* The last `parts` folders of the case's own, joined to its name by '_'. NULL: no memory. */
static char *id_with(tome_plan *p, const tome_case_input *c, size_t parts, tome_error *err) {
  const char *from = c->folder + strlen(c->folder);
  for (size_t i = 0; i < parts && from > c->folder; i++) {
    if (from < c->folder + strlen(c->folder)) from--; /* the slash */
    while (from > c->folder && from[-1] != '/') from--;
  }
  char *id =
      *from ? tome_arena_printf(&p->arena, err, "%s_%s", from, c->name) : tome_arena_dup(&p->arena, c->name, err);
  return id ? tome_safe_name(&p->arena, id, err) : NULL;
}

static size_t folder_parts(const tome_case_input *c) {
  size_t n = *c->folder != '\0';
  for (const char *s = c->folder; *s; s++) n += *s == '/';
  return n;
}

static int order_by(const char *a, const char *b, const char *tie_a, const char *tie_b) {
  const int order = tome_natural_compare(a, b);
  return order ? order : strcmp(tie_a, tie_b);
}

static const char *first_path(const tome_case_input *c) { return c->image.path_count ? c->image.paths[0] : ""; }

static int by_id(const void *x, const void *y) {
  const naming *a = x, *b = y;
  const int order = strcmp(a->c->id, b->c->id);
  return order ? order : order_by(first_path(a->c), first_path(b->c), first_path(a->c), first_path(b->c));
}

/* One step: namesakes get one more folder each. Sets *again where some did. */
static bool lengthen(tome_plan *p, naming *n, size_t count, bool *again, tome_error *err) {
  *again = false;
  qsort(n, count, sizeof *n, by_id);
  for (size_t i = 0; i < count;) {
    size_t end = i + 1;
    bool apart = false;
    for (; end < count && strcmp(n[end].c->id, n[i].c->id) == 0; end++)
      apart |= strcmp(n[end].c->folder, n[i].c->folder) != 0;
    for (size_t k = i; apart && k < end; k++) {
      if (n[k].parts >= folder_parts(n[k].c)) continue;
      n[k].parts++;
      *again = true;
    }
    i = end;
  }
  for (size_t i = 0; *again && i < count; i++)
    if (!(n[i].c->id = id_with(p, n[i].c, n[i].parts, err))) return false;
  return true;
}

static bool is_taken(const naming *n, size_t count, const char *id) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(n[i].c->id, id) == 0) return true;
  return false;
}

/* What no folder tells apart ("v.nii" beside "v.nii.gz") is numbered. */
static bool number(tome_plan *p, naming *n, size_t count, tome_error *err) {
  qsort(n, count, sizeof *n, by_id);
  const char *base = NULL;
  for (size_t i = 0, nth = 2; i < count; i++) {
    if (!base || strcmp(base, n[i].c->id) != 0) {
      base = n[i].c->id;
      nth = 2;
      continue;
    }
    char *id = NULL;
    do {
      id = tome_arena_printf(&p->arena, err, "%.*s-%zu", LONGEST_ID - 24, base, nth++);
      if (!id) return false;
    } while (is_taken(n, count, id));
    n[i].c->id = id;
  }
  return true;
}

static int by_natural_id(const void *x, const void *y) {
  const tome_case_input *a = x, *b = y;
  return order_by(a->id, b->id, a->id, b->id);
}

bool tome_plan_name_all(tome_plan *p, tome_error *err) {
  TOME_AUTO_FREE naming *n = tome_alloc_zero(p->case_count + 1, sizeof *n, "case names", err);
  if (!n) return false;
  for (size_t i = 0; i < p->case_count; i++) {
    n[i].c = &p->cases[i];
    if (!(p->cases[i].id = id_with(p, &p->cases[i], 0, err))) return false;
  }
  bool again = true;
  while (again)
    if (!lengthen(p, n, p->case_count, &again, err)) return false;
  if (!number(p, n, p->case_count, err)) return false;
  if (p->case_count) qsort(p->cases, p->case_count, sizeof *p->cases, by_natural_id);
  return true;
}
