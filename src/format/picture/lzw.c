/* LZW. A string of the dictionary is the one before it and the byte that followed, and both stand one behind the other in what is decoded already: so an entry is a place
 * there and a length, and a code is a copy. */
#include "format/picture/lzw.h"

#include <string.h>

/* GIF's and TIFF's loops are to be two, without a question in them which it is. */
#define ALWAYS_INLINE __attribute__((always_inline)) inline

enum { MOST_WIDTH = 12, MOST_CODES = 1 << MOST_WIDTH, MOST_FIRST = 8, WORD = 8 };

typedef struct string {
  uint32_t at, length;
} string;

/* Codes out of bytes. `held` has `have` bits that count: GIF's at its lower end, TIFF's at its upper one. */
typedef struct reader {
  const uint8_t *in;
  size_t left;
  uint64_t held;
  unsigned have;
} reader;

static uint64_t little_endian(const uint8_t *p) {
  uint64_t w;
  memcpy(&w, p, sizeof w);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  w = __builtin_bswap64(w);
#endif
  return w;
}

/* Tops up to 56 bits at least, as long as there are bytes. */
ALWAYS_INLINE static void fill(reader *b, bool high_first) {
  if (b->left >= WORD) {
    const uint64_t w = little_endian(b->in);
    const unsigned bytes = (63 - b->have) >> 3;
    b->held |= high_first ? __builtin_bswap64(w) >> b->have : w << b->have;
    b->in += bytes;
    b->left -= bytes;
    b->have += 8 * bytes;
    return;
  }
  for (; b->left && b->have <= 56; b->left--, b->have += 8) {
    const uint64_t byte = *b->in++;
    b->held |= high_first ? byte << (56 - b->have) : byte << b->have;
  }
}

/* `length` bytes from `from`, which lies before `to` and does not reach beyond it by more than a byte, the first one over again. By words where `room` allows: what is
 * written too much is written over later on. */
ALWAYS_INLINE static void copy(uint8_t *to, const uint8_t *from, size_t length, size_t room) {
  if (length <= WORD && room >= WORD) {
    memcpy(to, from, WORD);
  } else if (room >= length + WORD) {
    for (size_t i = 0; i < length; i += WORD) memcpy(to + i, from + i, WORD);
  } else {
    for (size_t i = 0; i < length; i++) to[i] = from[i];
  }
}

/* `early`: a width is left that many codes before it is used up. */
ALWAYS_INLINE static bool unlzw(const uint8_t *in, size_t size, unsigned first, bool high_first, unsigned early,
                                uint8_t *out, size_t n) {
  const unsigned clear = 1u << first, end = clear + 1;
  string table[MOST_CODES];
  uint8_t literals[(1 << MOST_FIRST) + WORD] = {0};
  for (unsigned i = 0; i < clear; i++) table[i] = (string){0, 1}, literals[i] = (uint8_t)i;
  string last = {0, 0}; /* length 0: there is none */
  reader r = {.in = in, .left = size};
  unsigned width = first + 1, next = end + 1;
  for (size_t done = 0; done < n;) {
    fill(&r, high_first);
    if (r.have < width) return false;
    const unsigned code = (unsigned)(high_first ? r.held >> (64 - width) : r.held & ((1u << width) - 1));
    r.held = high_first ? r.held << width : r.held >> width;
    r.have -= width;
    if (code - clear < 2) {
      if (code == end) return false;
      width = first + 1;
      next = end + 1;
      last.length = 0;
      continue;
    }
    const bool adds = last.length && next < MOST_CODES;
    if (adds) table[next++] = (string){last.at, last.length + 1};
    if (code >= next || (high_first && last.length && !adds)) return false; /* TIFF clears before it is full */
    const size_t room = n - done;
    const string s = table[code];
    const size_t length = s.length < room ? s.length : room;
    copy(out + done, code < clear ? literals + code : out + s.at, length, room);
    if (adds && code == next - 1 && length == s.length)
      out[done + length - 1] = out[done]; /* its own last byte was not there yet */
    last = (string){(uint32_t)done, (uint32_t)length};
    done += length;
    if (next + early >= 1u << width && width < MOST_WIDTH) width++;
  }
  return true;
}

bool tome_unlzw_tiff(const uint8_t *in, size_t size, uint8_t *out, size_t n) {
  const bool begins = size >= 2 && in[0] == 0x80 && !(in[1] & 0x80); /* with a clear code; old files do not */
  return begins && n <= UINT32_MAX && unlzw(in, size, 8, true, 1, out, n);
}

bool tome_unlzw_gif(unsigned bits, const uint8_t *in, size_t size, uint8_t *out, size_t n) {
  return bits >= 2 && bits <= MOST_FIRST && n <= UINT32_MAX && unlzw(in, size, bits, false, 0, out, n);
}
