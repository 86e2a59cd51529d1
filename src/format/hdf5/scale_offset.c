/* HDF5's scale-offset filter (6) undone: numbers less their minimum, in as few bits as they need; floating point times a power of ten before that. As
 * H5Zscaleoffset.c packs them: https://docs.hdfgroup.org/hdf5/v1_14/group___d_c_p_l.html, H5Pset_scaleoffset. */
#include <math.h>
#include <string.h>

#include "format/hdf5/bytes.h"

/* The filter's parameters, by their place; and where the packed numbers begin. */
enum { SCALE_TYPE, SCALE_FACTOR, ELEMENTS, CLASS, SIZE, SIGN, ORDER, HAS_FILL, FILL, PARAMETERS = 20, HEAD = 21 };
enum { WHOLE_NUMBERS = 0, BY_DIGITS = 0, BY_BITS = 2 };

typedef struct packing {
  const tome_hdf5_values *v;
  size_t count, size;
  unsigned bits;
  uint64_t least, fill; /* as their bytes stand */
} packing;

/* The next `bits` bits, the highest first. The caller has seen that they are there. */
static uint64_t take_bits(const uint8_t *in, uint64_t *at, unsigned bits) {
  uint64_t value = 0;
  while (bits) {
    const unsigned left = 8 - (unsigned)(*at % 8), n = bits < left ? bits : left;
    value = value << n | ((unsigned)in[*at / 8] >> (left - n) & ((1u << n) - 1));
    *at += n;
    bits -= n;
  }
  return value;
}

/* A packed floating-point number is its distance from the least one, in units of 10^-digits. */
static uint64_t real_of(const packing *p, uint64_t packed) {
  const double digits = (double)(int32_t)p->v->at[SCALE_FACTOR];
  uint64_t bytes = 0;
  if (p->size == sizeof(float)) {
    float least;
    memcpy(&least, &p->least, sizeof least);
    const float value = (float)(int32_t)(uint32_t)packed / powf(10, (float)digits) + least;
    memcpy(&bytes, &value, sizeof value);
  } else {
    double least;
    memcpy(&least, &p->least, sizeof least);
    const double value = (double)(int64_t)packed / pow(10, digits) + least;
    memcpy(&bytes, &value, sizeof value);
  }
  return bytes;
}

/* All ones stand for the fill value, where there is one. */
static void unpack(const packing *p, const uint8_t *in, uint8_t *out) {
  const uint64_t ones = p->bits ? UINT64_MAX >> (64 - p->bits) : 0;
  const bool real = p->v->at[CLASS] != WHOLE_NUMBERS, filled = p->v->at[HAS_FILL] != 0;
  uint64_t at = 0;
  for (size_t i = 0; i < p->count; i++, out += p->size) {
    const uint64_t packed = take_bits(in, &at, p->bits);
    const uint64_t value = filled && packed == ones ? p->fill : real ? real_of(p, packed) : packed + p->least;
    memcpy(out, &value, p->size);
  }
}

static bool sound(const tome_hdf5_undoing *u, const tome_hdf5_values *v) {
  const uint32_t *at = v->at;
  if (v->count < PARAMETERS || at[SIZE] != u->o->type.size || at[ELEMENTS] != u->chunk_bytes / at[SIZE]) return false;
  if (at[SCALE_TYPE] == BY_BITS) return at[CLASS] == WHOLE_NUMBERS;
  return at[SCALE_TYPE] == BY_DIGITS && at[CLASS] != WHOLE_NUMBERS && (at[SIZE] == 4 || at[SIZE] == 8);
}

bool tome_hdf5_unscale(const tome_hdf5_undoing *u, const tome_hdf5_values *v, const uint8_t *in, size_t size,
                       uint8_t *out) {
  _Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are taken by their low bytes");
  if (!sound(u, v)) return false;
  packing p = {.v = v, .size = u->o->type.size};
  p.count = u->chunk_bytes / p.size;
  const unsigned whole = 8 * (unsigned)p.size;
  if (v->at[SCALE_TYPE] == BY_BITS && v->at[SCALE_FACTOR] == whole) { /* left as it was */
    if (size != u->chunk_bytes) return false;
    memcpy(out, in, size);
    return true;
  }
  if (size < HEAD) return false;
  p.bits = (unsigned)tome_number(in, 4);
  const int width = in[4] < 8 ? in[4] : 8;
  p.least = tome_number(in + 5, width);
  p.fill = v->at[FILL] | (uint64_t)v->at[FILL + 1] << 32;
  if (p.bits > whole || (u->chunk_bytes / p.size * p.bits + 7) / 8 > size - HEAD) return false;
  if (p.bits == whole)
    memcpy(out, in + HEAD, u->chunk_bytes);
  else
    unpack(&p, in + HEAD, out);
  if (v->at[ORDER]) tome_swap_bytes(out, p.count, p.size);
  return true;
}
