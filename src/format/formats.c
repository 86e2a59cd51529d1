/* The table of formats, and the questions asked of it: whose bytes are these, what is in them, who writes this name. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/threads.h"
#include "format/head.h"

extern const tome_format tome_format_dicom, tome_format_nifti, tome_format_png, tome_format_npy;
extern const tome_format tome_format_nrrd, tome_format_meta, tome_format_parrec, tome_format_npz, tome_format_minc,
    tome_format_hdf5;
extern const tome_format tome_format_tiff, tome_format_gif, tome_format_jpeg, tome_format_bmp, tome_format_pnm;

const tome_format *const tome_formats[] = {
#ifdef TOME_WITH_DICOM
    &tome_format_dicom,
#endif
    &tome_format_nifti, &tome_format_nrrd, &tome_format_meta, &tome_format_parrec, &tome_format_npy,
    &tome_format_npz,   &tome_format_minc, &tome_format_hdf5, &tome_format_png,    &tome_format_tiff,
    &tome_format_gif,   &tome_format_jpeg, &tome_format_bmp,  &tome_format_pnm,    NULL,
};

static const tome_format *recognise(const tome_head *head, const char *name) {
  const tome_format *best = NULL;
  int most = 0;
  for (size_t i = 0; tome_formats[i]; i++) {
    const int score = tome_formats[i]->probe(head->bytes, head->size, head->gzip, name);
    if (score > most) {
      most = score;
      best = tome_formats[i];
    }
  }
  return best;
}

const tome_format *tome_format_of(const char *path, tome_error *err) {
  tome_head head;
  return tome_head_read(path, &head, err) ? recognise(&head, tome_basename(path)) : NULL;
}

/* The format whose usual endings ("…: .nii .nii.gz") the name has; NULL where none. */
static const tome_format *claimed_by(const char *name) {
  for (size_t i = 0; tome_formats[i]; i++)
    for (const char *e = tome_formats[i]->extensions; *e;) {
      char ending[32] = "";
      const size_t n = strcspn(e, " ");
      if (n && n < sizeof ending) memcpy(ending, e, n);
      if (ending[0] == '.' && tome_ends_in(name, ending)) return tome_formats[i];
      e += n + (e[n] == ' ');
    }
  return NULL;
}

/* Bare voxels ("v.raw"): the header beside them that is called alike. Writes its path to `out`. */
static bool header_beside(const char *path, char *out, size_t size) {
  static const char *const bare[] = {".raw", ".zraw", ".raw.gz", ".bin", ".rec"};
  static const char *const headers[] = {".nhdr", ".mhd", ".par", ".PAR"};
  for (size_t b = 0; b < TOME_COUNT(bare); b++)
    for (size_t h = 0; tome_ends_in(path, bare[b]) && h < TOME_COUNT(headers); h++) {
      const int stem = (int)(strlen(path) - strlen(bare[b])), n = snprintf(out, size, "%.*s%s", stem, path, headers[h]);
      if (n > 0 && (size_t)n < size && tome_file_exists(out)) return true;
    }
  return false;
}

/* Bytes that nobody knows. Under the name of an image that is a fault (a failed download, say); otherwise a note. */
static bool pass_over_unknown(const char *path, const tome_head *head, tome_pieces *out, tome_error *err) {
  const tome_format *claim = claimed_by(tome_basename(path));
  if (head->size == 0)
    return tome_pieces_pass_over(out, path, claim != NULL, err, head->gzip ? "inflates to nothing" : "is empty");
  if (claim)
    return tome_pieces_pass_over(out, path, true, err,
                                 "is named as %s, but its bytes are of no image that this build reads", claim->title);
  char header[4096];
  if (header_beside(path, header, sizeof header))
    return tome_pieces_pass_over(out, path, false, err,
                                 "holds voxels without a header of their own; %s beside it reads them",
                                 tome_basename(header));
  return tome_pieces_pass_over(out, path, false, err, "is not an image that this build reads");
}

static bool describe_file(const char *path, tome_pieces *out, tome_error *err) {
  tome_error why = {0};
  tome_head head;
  if (!tome_head_read(path, &head, &why)) return tome_pieces_pass_over_why(out, path, &why, err);
  const tome_format *f = recognise(&head, tome_basename(path));
  return f ? f->describe(path, out, err) : pass_over_unknown(path, &head, out, err);
}

bool tome_split_member(const char *path, char *file, size_t size, const char **name) {
  if (tome_file_exists(path)) return false;
  for (const char *colon = strchr(path, ':'); colon; colon = strchr(colon + 1, ':')) {
    const size_t n = (size_t)(colon - path);
    if (n == 0 || n >= size || !colon[1]) continue;
    memcpy(file, path, n);
    file[n] = '\0';
    if (tome_file_exists(file) && !tome_is_folder(file)) return *name = colon + 1, true;
  }
  return false;
}

/* "/a/b" of an HDF5 file is "a/b" as well. */
static bool same_name(const char *a, const char *b) { return strcmp(a + (*a == '/'), b + (*b == '/')) == 0; }

/* Of what is passed over leaves the sentence on the array called `name` alone; false where there is none. */
static bool keep_reason(const char *name, tome_pieces *out) {
  char words[300];
  const int n = snprintf(words, sizeof words, "its data set %s ", name + (*name == '/'));
  for (size_t i = 0; n < (int)sizeof words && i < out->passed_count; i++)
    if (strstr(out->passed[i].text, words)) {
      out->passed[0] = out->passed[i];
      out->passed_count = 1;
      return true;
    }
  return false;
}

/* Leaves the pieces called `name` alone, and of the rest of the file nothing but the list of what else there is. */
static bool keep_named(const char *path, const char *name, tome_pieces *out, tome_error *err) {
  char others[512] = "";
  size_t kept = 0;
  for (size_t i = 0; i < out->count; i++) {
    const tome_piece *p = &out->items[i];
    const size_t n = strlen(others);
    if (same_name(p->name, name))
      out->items[kept++] = *p;
    else if (*p->name && n + 3 < sizeof others && (i == 0 || strcmp(p->name, p[-1].name) != 0))
      snprintf(others + n, sizeof others - n, "%s%s", n ? ", " : "", p->name);
  }
  const bool any = out->count > 0;
  out->count = kept;
  if (!kept && keep_reason(name, out)) return true;
  if (kept) out->passed_count = 0; /* what is wrong with others was not asked */
  if (kept || !any) return true;
  out->passed_count = 0;
  return tome_pieces_pass_over(out, path, true, err, "holds no array called %s%s%s", name,
                               *others ? "; there are " : "", others);
}

bool tome_describe(const char *path, tome_pieces *out, tome_error *err) {
  char file[4096];
  const char *name;
  if (!tome_split_member(path, file, sizeof file, &name)) return describe_file(path, out, err);
  TOME_CLEANUP(tome_pieces_clear) tome_pieces list = {0};
  return describe_file(file, &list, err) && keep_named(file, name, &list, err) && tome_pieces_join(out, &list, err);
}

enum { BATCH = 256 }; /* files between two joins: bounds the lists in flight */

typedef struct scan {
  const char *const *paths;
  size_t first, done, total; /* of the batch; of all */
  const tome_run *run;
  pthread_mutex_t lock; /* guards done and the progress call */
  tome_pieces lists[BATCH];
} scan;

static bool scan_one(void *ctx, size_t item, int worker, tome_error *err) {
  (void)worker;
  scan *s = ctx;
  const char *path = s->paths[s->first + item];
  if (!tome_describe(path, &s->lists[item], err)) return false;
  pthread_mutex_lock(&s->lock);
  tome_report(s->run, &(tome_progress){"scan", path, ++s->done, s->total, 0, 0});
  pthread_mutex_unlock(&s->lock);
  return true;
}

/* Describes one batch and appends its lists in order; they are empty again afterwards, whatever happened. */
static bool scan_batch(scan *s, size_t count, tome_pieces *out, tome_error *err) {
  bool ok = tome_parallel(s->run, count, scan_one, s, err);
  for (size_t i = 0; i < count; i++) {
    ok = ok && tome_pieces_join(out, &s->lists[i], err);
    tome_pieces_clear(&s->lists[i]);
  }
  return ok;
}

bool tome_describe_all(const char *const *paths, size_t count, const tome_run *run, tome_pieces *out, tome_error *err) {
  TOME_AUTO_FREE scan *s = tome_alloc_zero(1, sizeof *s, "scan", err);
  if (!s) return false;
  s->paths = paths;
  s->total = count;
  s->run = run;
  pthread_mutex_init(&s->lock, NULL);
  TOME_CLEANUP(tome_pieces_clear) tome_pieces all = {0};
  bool ok = true;
  for (; ok && s->first < count; s->first += BATCH)
    ok = scan_batch(s, count - s->first < BATCH ? count - s->first : BATCH, &all, err);
  pthread_mutex_destroy(&s->lock);
  if (!ok || out->count || out->passed_count) return ok && tome_pieces_join(out, &all, err);
  tome_pieces_clear(out);
  *out = all;
  all = (tome_pieces){0};
  return true;
}

const tome_format *tome_format_for_name(const char *name) {
  for (size_t i = 0; tome_formats[i]; i++)
    if ((tome_formats[i]->write || tome_formats[i]->write_folder) && tome_formats[i]->wants_name(name))
      return tome_formats[i];
  return NULL;
}

const tome_format *tome_drawing_of(const char *path, tome_error *err) {
  tome_head head;
  if (!tome_head_read(path, &head, err)) return NULL;
  for (size_t i = 0; !head.gzip && tome_formats[i]; i++)
    if (tome_formats[i]->is_drawing && tome_formats[i]->is_drawing(head.bytes, head.size)) return tome_formats[i];
  return NULL;
}
