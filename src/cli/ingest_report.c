/* ingest_report.c - what an ingest tells, for people and for programs. */
#include "cli/ingest_report.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/interrupt.h"
#include "cli/json.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "cli/units.h"

enum { NOTES_SHOWN = 8 };

static const char *const kinds[] = {[TOME_EVENT_ADDED] = "added",
                                    [TOME_EVENT_SKIPPED] = "skipped",
                                    [TOME_EVENT_REFUSED] = "refused",
                                    [TOME_EVENT_NOTE] = "note",
                                    [TOME_EVENT_UNPAIRED] = "unpaired"};

static void json_event(const tome_event *e) {
  cli_json j = {.out = stdout};
  cli_progress_hold();
  cli_json_open(&j, '{');
  cli_json_put_text(&j, "event", kinds[e->kind]);
  cli_json_put_text(&j, "id", e->id);
  cli_json_put_text(&j, "path", e->path);
  cli_json_put_text(&j, "text", e->text);
  cli_json_close(&j, '}');
  fflush(stdout); /* whoever follows the run wants it now */
  cli_progress_release();
}

static const char *last_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

/* Whether `text` begins with "name: ". */
static bool opens_with(const char *text, const char *name) {
  size_t n = strlen(name);
  return n > 0 && strncmp(text, name, n) == 0 && strncmp(text + n, ": ", 2) == 0;
}

/* Whether the sentence itself says which file it is about, by its last name or by the part of the path before its first colon. */
static bool names_file(const char *text, const char *path) {
  const char *colon = strstr(text, ": ");
  size_t n = colon ? (size_t)(colon - text) : 0;
  return strstr(text, last_name(path)) || (n > 0 && memmem(path, strlen(path), text, n));
}

/* "volume-3: slices 3 and 4 …": the case, where there is none the file, and nothing twice. */
static char *sentence(const tome_event *e) {
  const char *id = e->id ? e->id : "", *path = e->path ? e->path : "", *text = e->text ? e->text : "";
  if (!*id && *path && names_file(text, path)) return cli_dup(text);
  const char *who = *id ? id : path, *folder = last_name(path);
  if (opens_with(text, who)) return cli_dup(text);
  size_t w = strlen(who), f = strlen(folder);
  if (opens_with(text, folder) && w > f && strcmp(who + w - f, folder) == 0) text += f + 2; /* "bad_001: 001: …" */
  return cli_printf("%s%s%s", who, *who && *text ? ": " : "", text);
}

static void keep(char ***list, size_t *count, char *line) {
  *list = cli_grow(*list, *count + 1, sizeof **list);
  (*list)[(*count)++] = line;
}

void ingest_report_event(void *report, const tome_event *e) {
  ingest_report *r = report;
  if (e->kind == TOME_EVENT_ADDED) r->added++;
  if (r->json) json_event(e);
  char *line = sentence(e);
  if (r->verbose) cli_say("%-8s %s", kinds[e->kind], line);
  if (e->kind == TOME_EVENT_REFUSED)
    keep(&r->refused, &r->refused_count, line);
  else if (e->kind == TOME_EVENT_UNPAIRED)
    keep(&r->unpaired, &r->unpaired_count, line);
  else if (e->kind == TOME_EVENT_NOTE && !r->quiet && !r->verbose)
    keep(&r->notes, &r->note_count, line);
  else
    free(line);
}

static void say_list(char *const *lines, size_t count) {
  for (size_t i = 0; i < count; i++) cli_say("  %s", lines[i]);
}

/* What a line says, without the case or file that it says it of. */
static const char *said(const char *line) {
  const char *colon = strstr(line, ": ");
  return colon ? colon + 2 : line;
}

/* Whether two lines say the same but for the numbers in it: "the file holds 20 volumes; this is number 1", "… number 2". */
static bool alike(const char *a, const char *b) {
  while (*a && *b) {
    if (isdigit((unsigned char)*a) && isdigit((unsigned char)*b)) {
      a += strspn(a, "0123456789");
      b += strspn(b, "0123456789");
    } else if (*a++ != *b++) {
      return false;
    }
  }
  return *a == *b;
}

/* The first few notes; those that say the same of other cases are counted beside the first one. */
static void say_notes(char *const *lines, size_t count) {
  bool *told = cli_alloc(count, sizeof *told);
  size_t shown = 0, left = 0;
  for (size_t i = 0; i < count; i++) {
    if (told[i]) continue;
    size_t more = 0;
    for (size_t j = i + 1; j < count && shown < NOTES_SHOWN; j++)
      if (!told[j] && alike(said(lines[i]), said(lines[j]))) more += told[j] = true;
    if (shown == NOTES_SHOWN)
      left++;
    else if (more > 0)
      cli_say("  %s (and %zu more like it)", lines[i], more);
    else
      cli_say("  %s", lines[i]);
    shown += shown < NOTES_SHOWN;
  }
  if (left > 0) cli_say("  and %zu more: --verbose tells all", left);
  free(told);
}

/* Refusals are always told; notes to those who did not ask for quiet, and only the first of them. In JSON all of it was told already. */
static void say_lists(const ingest_report *r) {
  if (r->json) return;
  if (r->refused_count > 0) {
    cli_say("refused:");
    say_list(r->refused, r->refused_count);
  }
  if (r->unpaired_count > 0) {
    cli_say("labels without an image, not taken:");
    say_list(r->unpaired, r->unpaired_count);
  }
  if (r->note_count == 0) return;
  cli_say("noted:");
  say_notes(r->notes, r->note_count);
}

static void say_summary(const tome_ingest_summary *s) {
  cli_units added = cli_units_count(s->added), skipped = cli_units_count(s->skipped),
            refused = cli_units_count(s->refused);
  char left[120] = "";
  if (s->unpaired > 0)
    snprintf(left, sizeof left, ", %s label file%s left out", cli_units_count(s->unpaired).s,
             s->unpaired == 1 ? "" : "s");
  cli_say("%s case%s added, %s skipped (in already), %s refused%s", added.s, s->added == 1 ? "" : "s", skipped.s,
          refused.s, left);
  if (s->added == 0) return;
  double rate = s->seconds > 0 ? (double)s->bytes_in / s->seconds : 0;
  cli_say("%s read in %s (%s/s)", cli_units_bytes(s->bytes_in).s, cli_units_seconds(s->seconds).s,
          cli_units_bytes((uint64_t)rate).s);
  if (s->bytes_voxels > 0)
    cli_say("%s of voxels stored in %s (%.0f %%)", cli_units_bytes(s->bytes_voxels).s,
            cli_units_bytes(s->bytes_stored).s, 100.0 * (double)s->bytes_stored / (double)s->bytes_voxels);
}

static void json_summary(const tome_ingest_summary *s) {
  cli_json j = {.out = stdout};
  cli_json_open(&j, '{');
  cli_json_put_text(&j, "event", "summary");
  cli_json_put_int(&j, "added", s->added);
  cli_json_put_int(&j, "skipped", s->skipped);
  cli_json_put_int(&j, "refused", s->refused);
  cli_json_put_int(&j, "unpaired", s->unpaired);
  cli_json_put_int(&j, "notes", s->notes);
  cli_json_put_int(&j, "bytes_in", s->bytes_in);
  cli_json_put_int(&j, "bytes_voxels", s->bytes_voxels);
  cli_json_put_int(&j, "bytes_stored", s->bytes_stored);
  cli_json_put_real(&j, "seconds", s->seconds);
  cli_json_close(&j, '}');
}

int ingest_report_done(const ingest_report *r, const tome_ingest_summary *s) {
  say_lists(r);
  if (!r->quiet) say_summary(s);
  if (r->json) json_summary(s);
  const bool nothing = s->added + s->skipped + s->refused + s->unpaired == 0;
  if (nothing)
    cli_say("no case was found there; \"tome layouts\" shows what is recognised, --image names one outright");
  return nothing || s->refused > 0 || s->unpaired > 0 ? CLI_REFUSED : CLI_OK;
}

int ingest_report_failed(const ingest_report *r, const tome_error *err) {
  bool stopped = err->code == TOME_CANCELLED && cli_interrupted();
  say_lists(r);
  if (r->json) {
    cli_json j = {.out = stdout};
    cli_json_open(&j, '{');
    cli_json_put_text(&j, "event", stopped ? "stopped" : "failed");
    cli_json_put_int(&j, "added", r->added);
    cli_json_put_text(&j, "text", err->message);
    cli_json_close(&j, '}');
  }
  char *text = cli_printf("stopped; %llu case%s in, run again to go on", (unsigned long long)r->added,
                          r->added == 1 ? " is" : "s are");
  int status = cli_stopped(err, text);
  free(text);
  if (!stopped && r->added > 0)
    cli_say("%llu case%s added before that", (unsigned long long)r->added, r->added == 1 ? " was" : "s were");
  return status;
}

void ingest_report_clear(ingest_report *r) {
  for (size_t i = 0; i < r->refused_count; i++) free(r->refused[i]);
  for (size_t i = 0; i < r->unpaired_count; i++) free(r->unpaired[i]);
  for (size_t i = 0; i < r->note_count; i++) free(r->notes[i]);
  free(r->refused);
  free(r->unpaired);
  free(r->notes);
}
