/* Voxels to float32, clamped and scaled on the way. One loop a type, simple enough for the compiler to vectorise. */
#include "store/planes.h"

/* Types that float32 holds exactly are computed in it, as NumPy does for float32 arrays. NaN passes both comparisons. */
#define TO_FLOAT(name, type, real) TO_FLOAT_FOR(, name, type, real)
#define TO_FLOAT_FOR(target, name, type, real)                                                               \
  target static void name(const void *in, size_t count, const tome_read_options *opt, float *restrict out) { \
    const type *restrict v = in;                                                                             \
    if (!opt->rescale) {                                                                                     \
      for (size_t i = 0; i < count; i++) out[i] = (float)v[i];                                               \
      return;                                                                                                \
    }                                                                                                        \
    const real lo = (real)opt->clip_lo, hi = (real)opt->clip_hi;                                             \
    const real offset = (real)opt->offset, scale = (real)opt->scale;                                         \
    for (size_t i = 0; i < count; i++) {                                                                     \
      const real at_least = (real)v[i] < lo ? lo : (real)v[i];                                               \
      const real clamped = at_least > hi ? hi : at_least;                                                    \
      out[i] = (float)((clamped - offset) * scale);                                                          \
    }                                                                                                        \
  }

TO_FLOAT(from_u8, uint8_t, float)
TO_FLOAT(from_i8, int8_t, float)
TO_FLOAT(from_u16, uint16_t, float)
TO_FLOAT(from_i16, int16_t, float)
TO_FLOAT(from_f32, float, float)
TO_FLOAT(from_u32, uint32_t, double)
TO_FLOAT(from_i32, int32_t, double)
TO_FLOAT(from_u64, uint64_t, double)
TO_FLOAT(from_i64, int64_t, double)
TO_FLOAT(from_f64, double, double)

/* What CT is stored as, for processors with wider vectors. */
#if defined(__x86_64__)
TO_FLOAT_FOR(__attribute__((target("avx2"))), from_i16_avx2, int16_t, float)
#define FROM_I16 (__builtin_cpu_supports("avx2") ? from_i16_avx2 : from_i16)
#else
#define FROM_I16 from_i16
#endif

void tome_to_float(tome_dtype from, const void *in, size_t count, const tome_read_options *opt, float *out) {
  switch (from) {
    case TOME_U8:
      from_u8(in, count, opt, out);
      break;
    case TOME_I8:
      from_i8(in, count, opt, out);
      break;
    case TOME_U16:
      from_u16(in, count, opt, out);
      break;
    case TOME_I16:
      FROM_I16(in, count, opt, out);
      break;
    case TOME_U32:
      from_u32(in, count, opt, out);
      break;
    case TOME_I32:
      from_i32(in, count, opt, out);
      break;
    case TOME_U64:
      from_u64(in, count, opt, out);
      break;
    case TOME_I64:
      from_i64(in, count, opt, out);
      break;
    case TOME_F32:
      from_f32(in, count, opt, out);
      break;
    case TOME_F64:
      from_f64(in, count, opt, out);
      break;
    case TOME_NONE:
      break;
  }
}
