/* HDF5's lock, ids, failures, files and types. */
#include "store/h5.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The process-wide state that HDF5 forces on us. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void before_fork(void) { pthread_mutex_lock(&lock); }
static void after_fork(void) { pthread_mutex_unlock(&lock); }
static void prepare(void) { pthread_atfork(before_fork, after_fork, after_fork); }

bool tome_h5_lock(void) {
  pthread_once(&once, prepare);
  pthread_mutex_lock(&lock);
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  H5Eclear2(H5E_DEFAULT);
  return true;
}

void tome_h5_unlock(const bool *held) {
  if (*held) pthread_mutex_unlock(&lock);
}

void tome_h5_close(const hid_t *id) {
  if (*id > 0) H5Idec_ref(*id);
}

static herr_t innermost(unsigned n, const H5E_error2_t *e, void *text) {
  if (n == 0 && e->desc) snprintf(text, 200, ": HDF5 says \"%s\"", e->desc);
  return 0;
}

bool tome_h5_fail(tome_error *err, tome_code code, const char *fmt, ...) {
  char text[700], why[200] = "";
  va_list args;
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, innermost, why);
  H5Eclear2(H5E_DEFAULT);
  return tome_fail(err, code, "%s%s", text, why);
}

hid_t tome_h5_access(tome_error *err) {
  const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  if (access >= 0 && H5Pset_file_locking(access, 0, 1) >= 0 && H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) >= 0 &&
      H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110) >= 0 && H5Pset_meta_block_size(access, 16384) >= 0)
    return access;
  tome_h5_fail(err, TOME_NO_MEMORY, "HDF5 gives no file access list");
  if (access >= 0) H5Pclose(access);
  return H5I_INVALID_HID;
}

hid_t tome_h5_type(tome_dtype dtype) {
  switch (dtype) {
    case TOME_U8:
      return H5T_STD_U8LE;
    case TOME_I8:
      return H5T_STD_I8LE;
    case TOME_U16:
      return H5T_STD_U16LE;
    case TOME_I16:
      return H5T_STD_I16LE;
    case TOME_U32:
      return H5T_STD_U32LE;
    case TOME_I32:
      return H5T_STD_I32LE;
    case TOME_U64:
      return H5T_STD_U64LE;
    case TOME_I64:
      return H5T_STD_I64LE;
    case TOME_F32:
      return H5T_IEEE_F32LE;
    case TOME_F64:
      return H5T_IEEE_F64LE;
    case TOME_NONE:
      break;
  }
  return H5I_INVALID_HID;
}

tome_dtype tome_h5_dtype(hid_t type) {
  for (tome_dtype t = TOME_U8; t <= TOME_F64; t++)
    if (H5Tequal(type, tome_h5_type(t)) > 0) return t;
  return TOME_NONE;
}

hid_t tome_h5_text_type(size_t size) {
  const hid_t type = H5Tcopy(H5T_C_S1);
  if (type < 0) return type;
  if (H5Tset_size(type, size ? size : 1) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0 &&
      H5Tset_strpad(type, H5T_STR_NULLPAD) >= 0)
    return type;
  H5Tclose(type);
  return H5I_INVALID_HID;
}
