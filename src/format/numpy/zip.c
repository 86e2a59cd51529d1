/* Zip directories, as NumPy writes them (.npz): every number in them is checked against the file's length before it is used. */
#include "format/numpy/zip.h"

#include <string.h>

#include "format/head.h"

enum {
  END = 22,
  END_64 = 56,
  LOCATOR_64 = 20,
  ENTRY = 46,
  LOCAL = 30,
  LONGEST_COMMENT = 65535,
  MOST_DIRECTORY = 64 << 20
};

static uint64_t number(const uint8_t *p, int bytes) {
  uint64_t v = 0;
  for (int i = bytes - 1; i >= 0; i--) v = v << 8 | p[i];
  return v;
}

bool tome_is_zip(const uint8_t *head, size_t size) {
  return size >= 4 && (memcmp(head, "PK\3\4", 4) == 0 || memcmp(head, "PK\5\6", 4) == 0);
}

typedef struct directory {
  const char *path;
  tome_arena *arena;
  uint64_t file_size, begin, size, entries;
} directory;

static bool broken(const char *what, tome_error *err) {
  return tome_fail(err, TOME_CORRUPT, "is a zip file whose %s; fetch the file again", what);
}

/* The 64-bit twin of the directory's end, where the short one points at it. `end`: of the short one in the file. */
static bool read_end_64(directory *d, uint64_t end, tome_error *err) {
  uint8_t locator[LOCATOR_64], e[END_64];
  if (end < LOCATOR_64 || !tome_read_at(d->path, end - LOCATOR_64, locator, sizeof locator, err)) return false;
  if (memcmp(locator, "PK\6\7", 4) != 0) return true; /* the numbers happen to be all ones */
  const uint64_t at = number(locator + 8, 8);
  if (at > end - LOCATOR_64 || end - LOCATOR_64 - at < END_64) return broken("directory is missing", err);
  if (!tome_read_at(d->path, at, e, sizeof e, err)) return false;
  if (memcmp(e, "PK\6\6", 4) != 0) return broken("directory is missing", err);
  d->entries = number(e + 32, 8);
  d->size = number(e + 40, 8);
  d->begin = number(e + 48, 8);
  return true;
}

static bool find_directory(directory *d, tome_error *err) {
  if (!tome_file_size(d->path, &d->file_size, err)) return false;
  const size_t tail = d->file_size < END + LONGEST_COMMENT ? (size_t)d->file_size : END + LONGEST_COMMENT;
  TOME_AUTO_FREE uint8_t *bytes = tome_alloc(tail, 1, d->path, err);
  if (!bytes || !tome_read_at(d->path, d->file_size - tail, bytes, tail, err)) return false;
  size_t i = tail < END ? 0 : tail - END + 1;
  while (i > 0 && memcmp(bytes + i - 1, "PK\5\6", 4) != 0) i--;
  if (i == 0) return broken("directory is missing", err);
  const uint8_t *e = bytes + i - 1;
  const uint64_t end = d->file_size - tail + i - 1;
  d->entries = number(e + 10, 2);
  d->size = number(e + 12, 4);
  d->begin = number(e + 16, 4);
  if ((d->entries == 0xffff || d->size == 0xffffffff || d->begin == 0xffffffff) && !read_end_64(d, end, err))
    return false;
  if (d->begin > end || d->size > end - d->begin || d->size > MOST_DIRECTORY || d->entries > d->size / ENTRY)
    return broken("directory does not lie within it", err);
  return true;
}

/* 64-bit sizes in the extra field, for those that are all ones in the entry, in this order. */
static bool widen(const uint8_t *extra, size_t size, uint64_t *fields[3]) {
  for (size_t i = 0; i + 4 <= size;) {
    const size_t n = (size_t)number(extra + i + 2, 2);
    const uint8_t *p = extra + i + 4, *end = p + n;
    if (n > size - i - 4) return false;
    for (int k = 0; number(extra + i, 2) == 1 && k < 3; k++) {
      if (*fields[k] != 0xffffffff) continue;
      if (end - p < 8) return false;
      *fields[k] = number(p, 8);
      p += 8;
    }
    i += 4 + n;
  }
  return true;
}

/* Where the data begins is behind the local header, whose name and extra field have lengths of their own. */
static bool locate(const directory *d, uint64_t local, tome_zip_member *m, tome_error *err) {
  uint8_t h[LOCAL];
  if (local > d->file_size || d->file_size - local < LOCAL) return broken("members do not lie within it", err);
  if (!tome_read_at(d->path, local, h, sizeof h, err)) return false;
  if (memcmp(h, "PK\3\4", 4) != 0) return broken("members are not where its directory says", err);
  m->begin = local + LOCAL + number(h + 26, 2) + number(h + 28, 2);
  if (m->begin > d->file_size || m->packed > d->file_size - m->begin)
    return broken("members do not lie within it", err);
  return true;
}

static const char *refusal(const tome_zip_member *m, uint64_t method, uint64_t flags) {
  if (flags & 1) return "is encrypted";
  if (method != 0 && method != 8) return "is compressed otherwise than by deflate";
  if (method == 0 && m->packed != m->size) return "has two lengths";
  if (method == 8 && !tome_could_inflate(m->packed, m->size)) return "is longer than its compressed bytes can hold";
  return NULL;
}

static bool keep_member(const directory *d, const uint8_t *e, size_t name_size, size_t extra_size, tome_zip_member *m,
                        tome_error *err) {
  uint64_t local = number(e + 42, 4);
  *m = (tome_zip_member){.packed = number(e + 20, 4), .size = number(e + 24, 4), .crc = (uint32_t)number(e + 16, 4)};
  uint64_t *fields[3] = {&m->size, &m->packed, &local};
  if (!widen(e + ENTRY + name_size, extra_size, fields)) return broken("directory cannot be read", err);
  char *name = tome_arena_printf(d->arena, err, "%.*s", (int)name_size, (const char *)e + ENTRY);
  if (!name || !locate(d, local, m, err)) return false;
  tome_make_printable(name);
  m->name = name;
  m->encoding = number(e + 10, 2) == 8 ? TOME_DEFLATE : TOME_RAW;
  m->refused = refusal(m, number(e + 10, 2), number(e + 8, 2));
  return true;
}

static bool has_ending(const uint8_t *name, size_t size, const char *ending) {
  const size_t n = strlen(ending);
  return size >= n && memcmp(name + size - n, ending, n) == 0;
}

static bool list(const directory *d, const uint8_t *bytes, const char *ending, tome_zip_member **out, size_t *count,
                 tome_error *err) {
  size_t cap = 0, at = 0;
  for (uint64_t i = 0; i < d->entries; i++) {
    const uint8_t *e = bytes + at;
    if (d->size - at < ENTRY || memcmp(e, "PK\1\2", 4) != 0) return broken("directory cannot be read", err);
    const size_t name = (size_t)number(e + 28, 2), extra = (size_t)number(e + 30, 2),
                 comment = (size_t)number(e + 32, 2);
    if (d->size - at - ENTRY < name + extra + comment) return broken("directory cannot be read", err);
    at += ENTRY + name + extra + comment;
    if (!has_ending(e + ENTRY, name, ending)) continue;
    if (!tome_arena_grow(d->arena, out, &cap, *count + 1, sizeof **out, err) ||
        !keep_member(d, e, name, extra, *out + *count, err))
      return false;
    ++*count;
  }
  return true;
}

bool tome_zip_list(const char *path, const char *ending, tome_arena *arena, tome_zip_member **out, size_t *count,
                   tome_error *err) {
  directory d = {.path = path, .arena = arena};
  *out = NULL;
  *count = 0;
  if (!find_directory(&d, err)) return false;
  TOME_AUTO_FREE uint8_t *bytes = tome_alloc((size_t)d.size, 1, path, err);
  return bytes && tome_read_at(path, d.begin, bytes, (size_t)d.size, err) && list(&d, bytes, ending, out, count, err);
}
