/* Where `tome convert` writes: the format and the names, from what the output is called. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "app/convert.h"
#include "base/near.h"

void tome_target_clear(tome_target *t) {
  tome_arena_clear(&t->arena);
  *t = (tome_target){0};
}

static bool writes(const tome_format *f) { return f->write || f->write_folder || f->elsewhere; }

static const tome_format *format_for_name(const char *name) {
  for (size_t i = 0; tome_formats[i]; i++)
    if (tome_formats[i]->elsewhere && tome_formats[i]->wants_name(name)) return tome_formats[i];
  return tome_format_for_name(name);
}

static bool fail_format(const char *name, tome_error *err) {
  char known[400] = "";
  tome_near near = {.word = name};
  for (size_t i = 0; tome_formats[i]; i++) {
    if (!writes(tome_formats[i])) continue;
    snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", *known ? ", " : "", tome_formats[i]->name);
    tome_near_try(&near, tome_formats[i]->name);
  }
  if (near.best)
    return tome_fail(err, TOME_USAGE, "%s: no format that is written goes by that name; did you mean %s? There are %s",
                     name, near.best, known);
  return tome_fail(err, TOME_USAGE, "%s: no format that is written goes by that name; there are %s", name, known);
}

/* A format by its name, or by an extension of its ("dcm", "tif"), as `length` bytes say it. */
static const tome_format *format_called(const char *word, size_t length) {
  char file[64];
  for (size_t i = 0; tome_formats[i]; i++)
    if (writes(tome_formats[i]) && strlen(tome_formats[i]->name) == length &&
        strncasecmp(tome_formats[i]->name, word, length) == 0)
      return tome_formats[i];
  if (length == 0 || length + 3 > sizeof file) return NULL;
  snprintf(file, sizeof file, "x.%.*s", (int)length, word);
  return format_for_name(file);
}

static size_t ending_of(const char *name) {
  const char *base = tome_basename(name), *dot = strrchr(base, '.');
  if (!dot) return 0;
  const size_t n = strlen(dot);
  if (strcasecmp(dot, ".gz") == 0)
    for (const char *p = dot; p > base;)
      if (*--p == '.') return strlen(p);
  return n;
}

/* "label_npy", "out-dicom", "pngs": the last word of a folder's name that is a format's. */
static const tome_format *format_in_name(const char *folder) {
  const tome_format *found = NULL;
  size_t end = strlen(folder);
  while (end && folder[end - 1] == '/') end--;
  size_t begin = end;
  while (begin && folder[begin - 1] != '/') begin--;
  for (size_t at = begin; at < end;) {
    size_t stop = at;
    while (stop < end && !strchr("_-. ", folder[stop])) stop++;
    const tome_format *f = format_called(folder + at, stop - at);
    if (!f && stop > at + 1 && folder[stop - 1] == 's') f = format_called(folder + at, stop - at - 1);
    if (f) found = f;
    at = stop + 1;
  }
  return found;
}

static bool is_folder_name(const char *output) {
  const size_t n = strlen(output);
  return (n && output[n - 1] == '/') || tome_is_folder(output);
}

static bool fail_no_format(const char *output, tome_error *err) {
  return tome_fail(err, TOME_USAGE,
                   "%s: nothing says what format the files in that folder are to be; say --to npy (or png, nii, dicom "
                   "…), or give a pattern such as %s{name}.npy",
                   output, output);
}

/* "out_npy/": each input by its own name in there. "series/{name}/" is a folder each, where the format is one of folders. */
static bool folder_target(const char *output, const char *to, bool labels, tome_target *t, tome_error *err) {
  size_t n = strlen(output);
  while (n > 1 && output[n - 1] == '/') n--;
  const char *last = output + n;
  while (last > output && last[-1] != '/') last--;
  const bool named = memchr(last, '{', (size_t)(output + n - last)) != NULL;
  t->format = to ? format_called(to, strlen(to)) : format_in_name(output);
  if (!t->format && !to && named) t->format = tome_format_for_name(output);
  if (!t->format) return to ? fail_format(to, err) : fail_no_format(output, err);
  const bool map = labels && t->format->write_folder; /* a folder of images, or one file of labels */
  t->folders = t->format->write_folder && !map;
  t->invented = !(named && t->folders);
  char ending[32] = "";
  if (to)
    snprintf(ending, sizeof ending, ".%s", to); /* "--to mhd": what is written in two files is not what is usual */
  const bool apart = to && t->format->apart && t->format->apart(ending, &(tome_write_options){0});
  t->pattern = t->invented ? tome_arena_printf(&t->arena, err, "%.*s/{name}%s", (int)n, output,
                                               map     ? ".dcm"
                                               : apart ? ending
                                                       : t->format->usual_ending)
                           : tome_arena_printf(&t->arena, err, "%.*s", (int)n, output);
  t->many = true;
  return t->pattern != NULL;
}

/* "out.h5:/image": the file, and the data set in it. */
static bool split_array(const char *output, tome_target *t, const char **file, tome_error *err) {
  t->array = "image";
  *file = output;
  for (const char *colon = strchr(output, ':'); colon; colon = strchr(colon + 1, ':')) {
    const char *name = tome_arena_printf(&t->arena, err, "%.*s", (int)(colon - output), output);
    if (!name) return false;
    const tome_format *f = format_for_name(tome_basename(name));
    if (!f || !f->elsewhere || !colon[1]) continue;
    t->array = colon + 1;
    t->added = true;
    *file = name;
    return true;
  }
  return true;
}

static bool file_target(const char *output, const char *to, bool labels, tome_target *t, tome_error *err) {
  t->format = to ? format_called(to, strlen(to)) : format_for_name(tome_basename(output));
  t->pattern = tome_arena_dup(&t->arena, output, err);
  if (!t->pattern) return false;
  if (!t->format)
    return to ? fail_format(to, err)
              : tome_fail(err, TOME_USAGE,
                          "%s: no format that is written ends like that; \"tome formats\" lists them, --to NAME says "
                          "one outright",
                          output);
  t->folders = t->format->write_folder && !labels && !strchr(tome_basename(output), '.');
  return true;
}

bool tome_target_of(const char *output, const char *to, bool labels, tome_target *out, tome_error *err) {
  tome_target t = {0};
  if (!*output) return tome_fail(err, TOME_USAGE, "the output needs a name");
  const char *whole = output;
  bool ok = split_array(whole, &t, &output, err);
  if (ok)
    ok = is_folder_name(output) ? folder_target(output, to, labels, &t, err) : file_target(output, to, labels, &t, err);
  if (ok && tome_template_parse(t.pattern, &t.names, err)) {
    t.many = t.many || t.names.has[TOME_PLACE_ID] || t.names.has[TOME_PLACE_N];
    t.ending = t.folders ? 0 : ending_of(t.pattern);
    *out = t;
    return true;
  }
  tome_arena_clear(&t.arena);
  return false;
}
