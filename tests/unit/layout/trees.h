/* Trees of small files to plan from, and plans told as text so that a test compares the whole of one. */
#ifndef TOME_TEST_LAYOUT_TREES_H
#define TOME_TEST_LAYOUT_TREES_H

#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "layout/layout.h"
#include "test.h"

static char tree_root[4096]; /* of the tree in hand */

static inline int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at) {
  (void)st, (void)kind, (void)at;
  return remove(path);
}

/* An empty folder of that name. */
static inline void tree_begin(const char *name) {
  char tmp[2048];
  snprintf(tmp, sizeof tmp, "%.2000s", test_tmp("layout"));
  mkdir(tmp, 0777);
  snprintf(tree_root, sizeof tree_root, "%s/%.1000s", tmp, name);
  nftw(tree_root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
  if (mkdir(tree_root, 0777) != 0) fprintf(stderr, "%s: %s\n", tree_root, strerror(errno)), exit(1);
}

static inline const char *tree_path(const char *path) {
  static char full[8192];
  snprintf(full, sizeof full, "%s/%s", tree_root, path);
  return full;
}

static inline FILE *tree_open(const char *path) {
  char full[8192];
  snprintf(full, sizeof full, "%s", tree_path(path));
  for (char *c = full + strlen(tree_root) + 1; (c = strchr(c, '/')); c++) {
    *c = '\0';
    mkdir(full, 0777);
    *c = '/';
  }
  FILE *f = fopen(full, "wb");
  if (!f) fprintf(stderr, "%s: %s\n", full, strerror(errno)), exit(1);
  return f;
}

/* By the name's end: a NIfTI header, a PNG signature, text; DICOM otherwise (the preamble and the beginning of a meta header). */
static inline void tree_file(const char *path) {
  static const unsigned char dicom[] =
      "DICM\002\000\000\000UL\004\000\012\000\000\000\002\000\001\000OB\000\000\002\000\000\000\000\001";
  static const unsigned char png[] = "\211PNG\r\n\032\n\000\000\000\rIHDR";
  unsigned char head[352] = {0};
  size_t n = 0;
  const char *dot = strrchr(path, '.');
  if (dot && (strcmp(dot, ".nii") == 0 || strcmp(dot, ".hdr") == 0)) {
    const int size = 348;
    memcpy(head, &size, sizeof size);
    memcpy(head + 344, "n+1", 4);
    n = sizeof head;
  } else if (dot && strcmp(dot, ".png") == 0) {
    memcpy(head, png, n = sizeof png - 1);
  } else if (dot && (strcmp(dot, ".txt") == 0 || strcmp(dot, ".weird") == 0)) {
    memcpy(head, "hello", n = 5);
  } else {
    memcpy(head + 128, dicom, sizeof dicom - 1);
    n = 128 + sizeof dicom - 1;
  }
  FILE *f = tree_open(path);
  fwrite(head, 1, n, f);
  fclose(f);
}

/* path with a number in the place of %d: from, from + 1 … to */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static inline void tree_files(const char *pattern, int from, int to) {
  for (int i = from; i <= to; i++) {
    char path[1024];
    snprintf(path, sizeof path, pattern, i);
    tree_file(path);
  }
}
#pragma GCC diagnostic pop

static char plan_text[1 << 16];

static inline void tell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static inline void tell(const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  const size_t n = strlen(plan_text);
  vsnprintf(plan_text + n, sizeof plan_text - n, fmt, args);
  va_end(args);
}

static inline void tell_input(const tome_input *in) {
  tell("%s", in->shown);
  if (in->path_count != 1) tell("(%zu)", in->path_count);
}

/* "id layout modality image [all] map=label{value name,…} …" a case, "+ kind file" a drawing, then "- sentence" for what was passed over. */
static inline const char *tell_plan(const tome_plan *p) {
  plan_text[0] = '\0';
  for (size_t i = 0; i < p->case_count; i++) {
    const tome_case_input *c = &p->cases[i];
    tell("%s: %s %s ", c->id, c->layout, c->modality ? c->modality : "?");
    tell_input(&c->image);
    if (c->all_series) tell(" all");
    if (c->image_name) tell(" is %s", c->image_name);
    for (size_t k = 0; k < c->channel_count; k++) {
      tell(" +%s=", c->channels[k].name);
      tell_input(&c->channels[k].input);
    }
    for (size_t k = 0; k < c->frame_name_count; k++) tell(" frame %s", c->frame_names[k]);
    for (size_t k = 0; k < c->label_count; k++) {
      tell(" %s=", c->labels[k].map);
      tell_input(&c->labels[k].input);
      for (size_t v = 0; v < c->labels[k].name_count; v++)
        tell("%s%d %s%s", v ? "," : "{", (int)c->labels[k].names[v].value, c->labels[k].names[v].name,
             v + 1 == c->labels[k].name_count ? "}" : "");
    }
    tell("\n");
  }
  for (size_t i = 0; i < p->drawing_count; i++) tell("+ %s %s\n", p->drawings[i].kind, p->drawings[i].input.shown);
  for (size_t i = 0; i < p->passed_count; i++) tell("- %s\n", p->passed[i].text);
  return plan_text;
}

/* Every path of a plan is there to be opened, and relative to its root begins as it is shown. */
static inline void check_paths(const tome_input *in) {
  for (size_t i = 0; i < in->path_count; i++) {
    struct stat st;
    CHECK(stat(in->paths[i], &st) == 0 && S_ISREG(st.st_mode));
    CHECK(in->root_length < strlen(in->paths[i]) && in->paths[i][in->root_length] != '/');
    CHECK(in->root_length == 0 || in->paths[i][in->root_length - 1] == '/');
  }
}

static inline const char *plan_of(const char *root, const char *only) {
  tome_plan plan = {0};
  tome_error err = {0};
  if (!tome_plan_root(root, only, NULL, &plan, &err)) {
    snprintf(plan_text, sizeof plan_text, "error %d: %s", (int)err.code, err.message);
    tome_plan_clear(&plan);
    return plan_text;
  }
  for (size_t i = 0; i < plan.case_count; i++) {
    check_paths(&plan.cases[i].image);
    for (size_t k = 0; k < plan.cases[i].label_count; k++) check_paths(&plan.cases[i].labels[k].input);
  }
  tell_plan(&plan);
  tome_plan_clear(&plan);
  return plan_text;
}

#endif
