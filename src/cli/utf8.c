/* utf8.c - one character at a time, and no byte that is none. */
#include "cli/utf8.h"

size_t cli_utf8_char(const char *s, uint32_t *out) {
  const unsigned char *u = (const unsigned char *)s;
  static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
  size_t length = u[0] < 0x80 ? 1 : u[0] < 0xc2 ? 0 : u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : u[0] < 0xf5 ? 4 : 0;
  if (length == 0) return 0;
  uint32_t c = length == 1 ? u[0] : u[0] & (0x7fu >> length);
  for (size_t i = 1; i < length; i++) {
    if ((u[i] & 0xc0) != 0x80) return 0;
    c = c << 6 | (u[i] & 0x3f);
  }
  if (c < least[length] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) return 0;
  *out = c;
  return length;
}
