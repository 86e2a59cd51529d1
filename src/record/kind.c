/* What a label's name speaks of, in one word, so that data sets which name things differently can be asked alike.
 *
 * The rule:
 *  1. ASCII letters become lower case; each run of blanks and punctuation becomes one '_', none at the ends. Bytes
 *     above 127 (UTF-8) stay.
 *  2. A name that holds tumor, tumour, lesion, cancer, neoplasm or metastas is "tumor", whatever else it says
 *     (livertumor03, "Kidney lesions", enhancing_tumor), but not where the word goes on to something that is no tumour:
 *     peritumoral, metastasectomy; and not where the name says that it is one of several readings of the same thing
 *     (annotation, annotator, aggregated, observer), which would be counted twice.
 *  3. Otherwise a number at the end only counts the pieces, and goes: cyst_2 is "cyst", rib_left_11 "rib_left". It
 *     stays where it is part of the name, that is after fewer than three letters (vertebrae_l1, c7), and in "label_7",
 *     which is what a value is called when nobody named it.
 */
#include <string.h>

#include "record/record.h"

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (unsigned char)c > 127; }

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

/* Step 1, cut to fit. Returns the length. */
static size_t plain_name(const char *name, char *out, size_t size) {
  size_t n = 0;
  bool gap = false;
  for (; *name && n + 1 < size; name++) {
    const char c = lower(*name);
    if (!is_letter(c) && !is_digit(c)) {
      gap = n > 0;
      continue;
    }
    if (gap) out[n++] = '_';
    gap = false;
    if (n + 1 < size) out[n++] = c;
  }
  /* A name cut short keeps no half character of UTF-8, and no '_' at its end. */
  if (((unsigned char)*name & 0xC0) == 0x80) {
    while (n > 0 && ((unsigned char)out[n - 1] & 0xC0) == 0x80) n--;
    if (n > 0) n--;
  }
  if (n > 0 && out[n - 1] == '_') n--;
  out[n] = '\0';
  return n;
}

static bool speaks_of_tumor(const char *name) {
  static const struct {
    const char *word, *not_before;
  } words[] = {{"tumor", "al"},  {"tumour", "al"},   {"lesion", "al"},
               {"cancer", NULL}, {"neoplasm", NULL}, {"metastas", "ect"}};
  for (size_t i = 0; i < TOME_COUNT(words); i++) {
    const char *stop = words[i].not_before;
    for (const char *at = name; (at = strstr(at, words[i].word)); at++) {
      const char *rest = at + strlen(words[i].word);
      if (!stop || strncmp(rest, stop, strlen(stop)) != 0) return true;
    }
  }
  return false;
}

static bool is_one_reading(const char *name) {
  static const char *const words[] = {"annotation", "annotator", "aggregated", "observer"};
  for (size_t i = 0; i < TOME_COUNT(words); i++)
    if (strstr(name, words[i])) return true;
  return false;
}

/* Length without the number at the end that only counts. */
static size_t without_number(const char *name, size_t n) {
  size_t end = n;
  while (end > 0 && is_digit(name[end - 1])) end--;
  if (end == n) return n;
  if (end > 0 && name[end - 1] == '_') end--;
  size_t letters = 0;
  while (letters < end && is_letter(name[end - 1 - letters])) letters++;
  const bool unnamed = end == 5 && memcmp(name, "label", 5) == 0;
  return letters < 3 || unnamed ? n : end;
}

void tome_label_kind(const char *name, char *out, size_t size) {
  if (size == 0) return;
  char plain[256];
  const size_t n = plain_name(name ? name : "", plain, sizeof plain);
  if (speaks_of_tumor(plain) && !is_one_reading(plain))
    memcpy(plain, "tumor", 6);
  else
    plain[without_number(plain, n)] = '\0';
  plain_name(plain, out, size);
}
