/* A recursive descent over bytes that are all in memory: every step consumes at least one, so it ends where they do. */
#include "base/json_read.h"

#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 32, MOST_VALUES = 1000000, MOST_BYTES = 16 << 20 };

typedef struct reader {
  const char *begin, *at, *end;
  const char *name;
  tome_arena *arena;
  size_t values;
  tome_error *err;
} reader;

static bool fail_at(reader *r, const char *at, const char *what) {
  size_t line = 1, column = 1;
  for (const char *p = r->begin; p < at; p++) {
    column++;
    if (*p == '\n') line++, column = 1;
  }
  return tome_fail(r->err, TOME_CORRUPT, "%s:%zu:%zu: is no JSON: %s", r->name, line, column, what);
}
static bool fail(reader *r, const char *what) { return fail_at(r, r->at, what); }

static void skip_blanks(reader *r) {
  while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r')) r->at++;
}

static bool take(reader *r, char c) {
  if (r->at == r->end || *r->at != c) return false;
  r->at++;
  return true;
}

static bool is_digit(const reader *r) { return r->at < r->end && *r->at >= '0' && *r->at <= '9'; }

/* ---- texts ---- */

static bool hex4(reader *r, unsigned *out) {
  unsigned v = 0;
  for (int i = 0; i < 4; i++, r->at++) {
    const char c = r->at < r->end ? *r->at : '\0';
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return fail(r, "\\u needs four hexadecimal digits");
    v = v << 4 | (unsigned)digit;
  }
  *out = v;
  return true;
}

static char *put_utf8(char *to, unsigned v) {
  if (v < 0x80) return *to++ = (char)v, to;
  if (v < 0x800) {
    *to++ = (char)(0xC0 | v >> 6);
  } else {
    if (v < 0x10000) {
      *to++ = (char)(0xE0 | v >> 12);
    } else {
      *to++ = (char)(0xF0 | v >> 18);
      *to++ = (char)(0x80 | (v >> 12 & 0x3F));
    }
    *to++ = (char)(0x80 | (v >> 6 & 0x3F));
  }
  *to++ = (char)(0x80 | (v & 0x3F));
  return to;
}

/* After "\u": one code point, of two halves where it is beyond the first plane. */
static bool code_point(reader *r, unsigned *out) {
  unsigned high = 0, low = 0;
  if (!hex4(r, &high)) return false;
  *out = high;
  if (high == 0) return fail(r, "a text cannot hold \\u0000 here");
  if (high < 0xD800 || high > 0xDFFF) return true;
  if (high > 0xDBFF || r->end - r->at < 2 || r->at[0] != '\\' || r->at[1] != 'u')
    return fail(r, "half a surrogate pair");
  r->at += 2;
  if (!hex4(r, &low)) return false;
  if (low < 0xDC00 || low > 0xDFFF) return fail(r, "half a surrogate pair");
  *out = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
  return true;
}

static bool escape(reader *r, char **to) {
  static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
  const char c = r->at < r->end ? *r->at++ : '\0';
  const char *known = c ? strchr(from, c) : NULL;
  unsigned point = 0;
  if (known) {
    *(*to)++ = into[known - from];
    return true;
  }
  if (c != 'u') return r->at--, fail(r, "no such escape in a text");
  if (!code_point(r, &point)) return false;
  *to = put_utf8(*to, point);
  return true;
}

/* Bytes of the UTF-8 sequence at r->at; 0 where it is none. */
static size_t utf8_length(const reader *r) {
  const unsigned char *s = (const unsigned char *)r->at;
  const size_t left = (size_t)(r->end - r->at);
  if (s[0] < 0x80) return 1;
  const size_t n = s[0] >= 0xC2 && s[0] < 0xE0 ? 2 : (s[0] & 0xF0) == 0xE0 ? 3 : s[0] >= 0xF0 && s[0] < 0xF5 ? 4 : 0;
  if (n > left) return 0;
  for (size_t i = 1; i < n; i++)
    if ((s[i] & 0xC0) != 0x80) return 0;
  if (n == 3 && ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F))) return 0;
  if (n == 4 && ((s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F))) return 0;
  return n;
}

/* Where the text ends that begins at r->at: room for it is allocated once. */
static const char *closing_quote(const reader *r) {
  const char *p = r->at;
  while (p < r->end && *p != '"') p += *p == '\\' && r->end - p > 1 ? 2 : 1;
  return p;
}

static bool read_text(reader *r, const char **out) {
  const char *begin = r->at;
  if (!take(r, '"')) return fail(r, "a text in double quotes is expected");
  const char *close = closing_quote(r);
  if (close == r->end) return fail_at(r, begin, "a text without its closing quote");
  char *text = tome_arena_alloc(r->arena, (size_t)(close - r->at) + 1, r->err), *to = text;
  if (!text) return false;
  while (r->at < close) {
    const size_t n = utf8_length(r);
    if ((unsigned char)*r->at < 0x20) return fail(r, "a control character in a text");
    if (!n) return fail(r, "bytes that are not UTF-8");
    if (take(r, '\\')) {
      if (!escape(r, &to)) return false;
      continue;
    }
    memcpy(to, r->at, n);
    to += n;
    r->at += n;
  }
  r->at = close + 1;
  *to = '\0';
  *out = text;
  return true;
}

/* ---- numbers and words ---- */

static bool digits(reader *r) {
  if (!is_digit(r)) return fail(r, "a digit is expected");
  while (is_digit(r)) r->at++;
  return true;
}

static bool read_number(reader *r, tome_json *j) {
  const char *begin = r->at;
  take(r, '-');
  const char *whole = r->at;
  if (!digits(r)) return false;
  if (*whole == '0' && r->at - whole > 1) return fail_at(r, begin, "a number with leading zeros");
  if (take(r, '.') && !digits(r)) return false;
  if (take(r, 'e') || take(r, 'E')) {
    if (!take(r, '+')) take(r, '-');
    if (!digits(r)) return false;
  }
  j->kind = TOME_JSON_NUMBER;
  char *text = tome_arena_printf(r->arena, r->err, "%.*s", (int)(r->at - begin), begin);
  if (!text) return false;
  j->text = text;
  j->number = strtod(text, NULL);
  return true;
}

static bool read_word(reader *r, tome_json *j) {
  static const struct {
    const char *word;
    tome_json_kind kind;
  } words[] = {{"null", TOME_JSON_NULL}, {"true", TOME_JSON_TRUE}, {"false", TOME_JSON_FALSE}};
  for (size_t i = 0; i < TOME_COUNT(words); i++) {
    const size_t n = strlen(words[i].word);
    if ((size_t)(r->end - r->at) < n || memcmp(r->at, words[i].word, n) != 0) continue;
    r->at += n;
    j->kind = words[i].kind;
    return true;
  }
  return fail(r, "a value is expected");
}

/* ---- values ---- */

static bool read_value(reader *r, int depth, tome_json **out);

static bool read_member(reader *r, bool keyed, int depth, tome_json **out) {
  const char *key = NULL;
  skip_blanks(r);
  if (keyed) {
    if (!read_text(r, &key)) return false;
    skip_blanks(r);
    if (!take(r, ':')) return fail(r, "':' is expected after a key");
  }
  if (!read_value(r, depth, out)) return false;
  (*out)->key = key;
  return true;
}

static bool read_list(reader *r, tome_json *j, int depth) {
  const bool keyed = *r->at++ == '{';
  const char close = keyed ? '}' : ']';
  tome_json **to = &j->first;
  j->kind = keyed ? TOME_JSON_OBJECT : TOME_JSON_ARRAY;
  skip_blanks(r);
  if (take(r, close)) return true;
  for (;;) {
    if (!read_member(r, keyed, depth + 1, to)) return false;
    to = &(*to)->next;
    skip_blanks(r);
    if (take(r, close)) return true;
    if (!take(r, ',')) return fail(r, keyed ? "',' or '}' is expected" : "',' or ']' is expected");
  }
}

static bool read_value(reader *r, int depth, tome_json **out) {
  if (depth > DEEPEST || ++r->values > MOST_VALUES)
    return tome_fail(r->err, TOME_UNSUPPORTED, "%s: is JSON of more than %d %s", r->name,
                     depth > DEEPEST ? DEEPEST : MOST_VALUES, depth > DEEPEST ? "levels" : "values");
  tome_json *j = tome_arena_alloc(r->arena, sizeof *j, r->err);
  if (!j) return false;
  *out = j;
  skip_blanks(r);
  const char c = r->at < r->end ? *r->at : '\0';
  if (c == '{' || c == '[') return read_list(r, j, depth);
  if (c == '"') {
    j->kind = TOME_JSON_TEXT;
    return read_text(r, &j->text);
  }
  return c == '-' || is_digit(r) ? read_number(r, j) : read_word(r, j);
}

tome_json *tome_json_parse(const char *text, size_t size, const char *name, tome_arena *arena, tome_error *err) {
  reader r = {.begin = text, .at = text, .end = text + size, .name = name, .arena = arena, .err = err};
  tome_json *j = NULL;
  if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) r.at += 3;
  if (!read_value(&r, 0, &j)) return NULL;
  skip_blanks(&r);
  if (r.at < r.end) {
    fail(&r, "something follows its end");
    return NULL;
  }
  return j;
}

tome_json *tome_json_file(const char *path, tome_arena *arena, tome_error *err) {
  TOME_CLEANUP(tome_bytes_clear) tome_bytes bytes = {0};
  if (!tome_file_read(path, MOST_BYTES, &bytes, err)) return NULL;
  return tome_json_parse((const char *)bytes.data, bytes.size, path, arena, err);
}

const tome_json *tome_json_member(const tome_json *j, const char *key) {
  const tome_json *found = NULL;
  for (const tome_json *m = j && j->kind == TOME_JSON_OBJECT ? j->first : NULL; m; m = m->next)
    if (strcmp(m->key, key) == 0) found = m;
  return found;
}

const char *tome_json_text(const tome_json *j) { return j && j->kind == TOME_JSON_TEXT ? j->text : NULL; }
