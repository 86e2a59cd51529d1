/* Names from patterns. */
#include "app/template.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/near.h"

/* {name} is what an input of `tome convert` is called, as {id} is what a case is. */
static const struct {
  const char *word;
  tome_place place;
} words[] = {{"id", TOME_PLACE_ID},
             {"name", TOME_PLACE_ID},
             {"n", TOME_PLACE_N},
             {"label", TOME_PLACE_LABEL},
             {"z", TOME_PLACE_Z}};

enum { MOST_WIDTH = 20 };

/* "{z:03}" at `at`: which place, how wide, padded with what. Its length; 0 where it is none. */
static size_t read_place(const char *at, tome_place *place, int *width, bool *zeros) {
  const char *end = strchr(at, '}');
  const size_t name = end ? strcspn(at + 1, ":}") : 0;
  *width = 0;
  *zeros = false;
  for (size_t i = 0; i < TOME_COUNT(words) && end; i++) {
    if (strlen(words[i].word) != name || strncmp(at + 1, words[i].word, name) != 0) continue;
    const char *p = at + 1 + name;
    if (*p == ':') {
      if (words[i].place != TOME_PLACE_N && words[i].place != TOME_PLACE_Z) return 0;
      *zeros = *++p == '0';
      for (; isdigit((unsigned char)*p) && *width <= MOST_WIDTH; p++) *width = 10 * *width + (*p - '0');
    }
    if (p != end || *width > MOST_WIDTH) return 0;
    *place = words[i].place;
    return (size_t)(end - at) + 1;
  }
  return 0;
}

static bool fail_place(const char *pattern, const char *at, tome_error *err) {
  char word[32];
  snprintf(word, sizeof word, "%.*s", (int)strcspn(at + 1, ":}"), at + 1);
  tome_near near = {.word = word};
  for (size_t i = 0; i < TOME_COUNT(words); i++) tome_near_try(&near, words[i].word);
  if (near.best && strcmp(near.best, word) != 0)
    return tome_fail(err, TOME_USAGE, "%s: {%s} stands for nothing; did you mean {%s}?", pattern, word, near.best);
  return tome_fail(
      err, TOME_USAGE,
      "%s: \"%.20s\" stands for nothing; {id} (or {name}), {label}, {n}, {z} do, the last two also as {z:03}; a brace "
      "is written {{",
      pattern, at);
}

bool tome_template_parse(const char *pattern, tome_template *out, tome_error *err) {
  tome_template t = {.pattern = pattern};
  for (const char *p = pattern; *p;) {
    tome_place place;
    int width;
    bool zeros;
    if ((*p == '{' || *p == '}') && p[1] == *p) {
      p += 2;
    } else if (*p == '{') {
      const size_t n = read_place(p, &place, &width, &zeros);
      if (!n) return fail_place(pattern, p, err);
      t.has[place] = true;
      p += n;
    } else {
      p++;
    }
  }
  *out = t;
  return true;
}

/* A text being built, as long as it fits. */
typedef struct line {
  char *out;
  size_t used, size;
} line;

static void put(line *l, const char *text, size_t n, bool tame) {
  for (size_t i = 0; i < n; i++, l->used++)
    if (l->used + 1 < l->size) l->out[l->used] = tame && text[i] == '/' ? '_' : text[i];
}

static void put_place(line *l, const tome_template_values *v, tome_place place, int width, bool zeros,
                      const char *source, size_t length) {
  char number[48];
  const int64_t value = place == TOME_PLACE_N ? v->n : v->z;
  switch (place) {
    case TOME_PLACE_ID:
      put(l, v->id, strlen(v->id), true);
      break;
    case TOME_PLACE_LABEL:
      put(l, v->label, strlen(v->label), true);
      break;
    default:
      if (place == TOME_PLACE_Z && value < 0) {
        put(l, source, length, false);
        break;
      }
      snprintf(number, sizeof number, zeros ? "%0*lld" : "%*lld", width, (long long)(value < 0 ? 0 : value));
      put(l, number, strlen(number), false);
  }
}

const char *tome_template_fill(const tome_template *t, const tome_template_values *v, const char *tail, size_t ending,
                               tome_arena *arena, tome_error *err) {
  enum { MOST_PATH = 4096 };
  char text[MOST_PATH];
  line l = {.out = text, .size = sizeof text};
  const size_t length = strlen(t->pattern), cut = length - (ending < length ? ending : length);
  for (size_t i = 0; i < length;) {
    tome_place place;
    int width;
    bool zeros;
    if (i == cut) put(&l, tail, strlen(tail), true);
    const char *p = t->pattern + i;
    size_t n = *p == '{' && p[1] != '{' ? read_place(p, &place, &width, &zeros) : 0;
    if (n) {
      put_place(&l, v, place, width, zeros, p, n);
    } else {
      n = (*p == '{' || *p == '}') && p[1] == *p ? 2 : 1;
      put(&l, p, 1, false);
    }
    i += n;
  }
  if (l.used >= sizeof text) {
    tome_fail(err, TOME_USAGE, "%s: gives a name of %zu bytes; %d are the most", t->pattern, l.used, MOST_PATH - 1);
    return NULL;
  }
  text[l.used] = '\0';
  return tome_arena_dup(arena, text, err);
}
