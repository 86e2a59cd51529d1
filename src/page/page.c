/* Markup and escaped text through a buffer into a file. */
#include "page/page.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const tome_web_part *tome_web_part_of(const char *name) {
  for (const tome_web_part *p = tome_web_parts; p->name; p++)
    if (strcmp(p->name, name) == 0) return p;
  return NULL;
}

static void spill(tome_page *p) {
  if (!p->err.code && p->used && !tome_write_all(p->fd, p->buffer, p->used, p->name, &p->err)) p->used = 0;
  p->used = 0;
}

bool tome_page_flush(tome_page *p, tome_error *err) {
  spill(p);
  return !p->err.code || tome_fail(err, p->err.code, "%s", p->err.message);
}

static void put_bytes(tome_page *p, const char *data, size_t size) {
  while (size) {
    if (p->used == TOME_PAGE_BUFFER) spill(p);
    const size_t room = TOME_PAGE_BUFFER - p->used, n = size < room ? size : room;
    memcpy(p->buffer + p->used, data, n);
    p->used += n;
    data += n;
    size -= n;
  }
}

void tome_page_put(tome_page *p, const char *markup) { put_bytes(p, markup, strlen(markup)); }

void tome_page_putf(tome_page *p, const char *fmt, ...) {
  char text[1024];
  va_list args;
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  tome_page_put(p, text);
}

/* Bytes of the well-formed UTF-8 character at s, 0 where there is none (RFC 3629: no overlong forms, no surrogates). */
static size_t character(const unsigned char *s) {
  if (s[0] < 0x80) return 1;
  const size_t n = s[0] >= 0xc2 && s[0] < 0xe0   ? 2
                   : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
                   : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
                                                 : 0;
  for (size_t i = 1; i < n; i++)
    if ((s[i] & 0xc0) != 0x80) return 0;
  const bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
  const bool beyond = (s[0] == 0xed && s[1] >= 0xa0) || (s[0] == 0xf4 && s[1] >= 0x90);
  return overlong || beyond ? 0 : n;
}

/* Also those that turn the direction of what follows: a name must not rearrange the sentence it stands in. */
static bool is_control(const unsigned char *s, size_t n) {
  if (n == 1) return (s[0] < 0x20 && s[0] != '\n' && s[0] != '\t') || s[0] == 0x7f;
  if (n == 2) return s[0] == 0xc2 && s[1] < 0xa0;
  const bool turning =
      n == 3 && s[0] == 0xe2 &&
      ((s[1] == 0x80 && s[2] >= 0xaa && s[2] <= 0xae) || (s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9));
  return turning;
}

static const char *entity(unsigned char c) {
  switch (c) {
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '&':
      return "&amp;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return NULL;
  }
}

void tome_page_text(tome_page *p, const char *text) {
  for (const unsigned char *s = (const unsigned char *)(text ? text : ""); *s;) {
    const size_t n = character(s);
    const char *other = n ? entity(*s) : "\xef\xbf\xbd";
    if (n && is_control(s, n)) other = "\xef\xbf\xbd";
    if (other)
      tome_page_put(p, other);
    else
      put_bytes(p, (const char *)s, n);
    s += n ? n : 1;
  }
}

void tome_page_base64(tome_page *p, const void *data, size_t size) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const uint8_t *d = data;
  for (size_t i = 0; i < size; i += 3) {
    const size_t left = size - i;
    const unsigned v = (unsigned)d[i] << 16 | (left > 1 ? (unsigned)d[i + 1] << 8 : 0) | (left > 2 ? d[i + 2] : 0);
    const char four[4] = {digits[v >> 18], digits[v >> 12 & 63], left > 1 ? digits[v >> 6 & 63] : '=',
                          left > 2 ? digits[v & 63] : '='};
    put_bytes(p, four, 4);
  }
}

void tome_page_template(tome_page *p, const char *text, void (*mark)(void *user, const char *name), void *user) {
  for (const char *open; (open = strstr(text, "{{"));) {
    const char *close = strstr(open, "}}");
    char name[64];
    if (!close || (size_t)(close - open - 2) >= sizeof name) break;
    put_bytes(p, text, (size_t)(open - text));
    snprintf(name, sizeof name, "%.*s", (int)(close - open - 2), open + 2);
    mark(user, name);
    text = close + 2;
  }
  tome_page_put(p, text);
}
