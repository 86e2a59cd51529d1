/* utf8.h - reading UTF-8 that may be broken. */
#ifndef TOME_CLI_UTF8_H
#define TOME_CLI_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of one well-formed UTF-8 character at `s` (its code point in *out), or 0. Reads no further than a NUL. */
size_t cli_utf8_char(const char *s, uint32_t *out);

#endif
