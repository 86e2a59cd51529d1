/* get_report.c - what tome get tells: files written, labels lost on the way, failures; as JSON one object a line. */
#include "cli/get_report.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/args.h"
#include "cli/interrupt.h"
#include "cli/json.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "cli/units.h"

enum { LOST_SHOWN = 20, FILES_KEPT = 16 };

static const char *const kinds[] = {
    [TOME_EXPORT_WRITTEN] = "written", [TOME_EXPORT_SKIPPED] = "skipped", [TOME_EXPORT_FAILED] = "failed"};
static const char *const fates[] = {
    [TOME_FATE_KEPT] = "kept", [TOME_FATE_SHRUNK] = "shrunk", [TOME_FATE_VANISHED] = "vanished"};

/* ---- JSON ---- */

static void json_geometry(cli_json *j, const tome_geometry *g) {
  cli_json_key(j, "shape");
  cli_json_open(j, '[');
  for (int a = 0; a < 3; a++) cli_json_int(j, g->shape[a]);
  cli_json_close(j, ']');
  cli_json_put_zyx(j, "spacing", g->spacing);
  cli_json_put_zyx(j, "origin", g->origin);
  cli_json_key(j, "direction");
  cli_json_open(j, '[');
  for (int a = 0; a < 3; a++) {
    cli_json_open(j, '[');
    for (int i = 0; i < 3; i++) cli_json_real(j, g->direction[a][i]);
    cli_json_close(j, ']');
  }
  cli_json_close(j, ']');
}

static void json_files(cli_json *j, const tome_export_event *e) {
  cli_json_key(j, "files");
  cli_json_open(j, '[');
  for (size_t i = 0; i < e->volume_count; i++) {
    const tome_export_volume *v = &e->volumes[i];
    cli_json_open(j, '{');
    cli_json_put_text(j, "volume", v->name);
    cli_json_put_text(j, "path", v->path);
    cli_json_put_text(j, "dtype", tome_dtype_name(v->dtype));
    cli_json_key(j, "label");
    cli_json_bool(j, v->is_label);
    cli_json_close(j, '}');
  }
  cli_json_close(j, ']');
}

static void json_survival(cli_json *j, const tome_export_event *e) {
  cli_json_key(j, "survival");
  cli_json_open(j, '[');
  for (size_t i = 0; i < e->survival_count; i++) {
    const tome_survival *s = &e->survival[i];
    cli_json_open(j, '{');
    cli_json_put_text(j, "map", s->map);
    cli_json_put_text(j, "name", s->name);
    cli_json_put_int(j, "value", (uint64_t)s->value);
    cli_json_put_text(j, "fate", fates[s->fate]);
    cli_json_put_int(j, "voxels_before", s->voxels_before);
    cli_json_put_int(j, "voxels_after", s->voxels_after);
    cli_json_put_real(j, "ml_before", s->ml_before);
    cli_json_put_real(j, "ml_after", s->ml_after);
    cli_json_close(j, '}');
  }
  cli_json_close(j, ']');
}

static void json_event(const tome_export_event *e) {
  cli_json j = {.out = stdout};
  cli_progress_hold();
  cli_json_open(&j, '{');
  cli_json_put_text(&j, "event", kinds[e->kind]);
  cli_json_put_text(&j, "id", e->id);
  if (e->kind == TOME_EXPORT_FAILED) {
    cli_json_put_text(&j, "text", e->text);
  } else {
    json_files(&j, e);
    json_geometry(&j, e->geometry);
    cli_json_put_text(&j, "recipe", e->recipe);
    cli_json_put_text(&j, "recipe_hash", e->recipe_hash);
    cli_json_put_text(&j, "voxel_hash", e->voxel_hash);
    if (e->kind == TOME_EXPORT_WRITTEN) json_survival(&j, e);
  }
  cli_json_close(&j, '}');
  fflush(stdout); /* whoever follows the run wants it now */
  cli_progress_release();
}

static void json_summary(const tome_export_summary *s, const char *event) {
  cli_json j = {.out = stdout};
  cli_json_open(&j, '{');
  cli_json_put_text(&j, "event", event);
  cli_json_put_int(&j, "cases", s->cases);
  cli_json_put_int(&j, "written", s->written);
  cli_json_put_int(&j, "skipped", s->skipped);
  cli_json_put_int(&j, "failed", s->failed);
  cli_json_put_int(&j, "bytes_voxels", s->bytes_voxels);
  cli_json_put_real(&j, "seconds", s->seconds);
  cli_json_close(&j, '}');
}

/* ---- people ---- */

/* "volume-3: tumor vanishes: 2 voxels (0.02 ml) in the store, none here" */
static void say_lost(get_report *r, const char *id, const tome_survival *s) {
  if (s->fate == TOME_FATE_KEPT) return;
  if (r->lost++ >= LOST_SHOWN || r->quiet) return;
  const cli_units before = cli_units_count(s->voxels_before), after = cli_units_count(s->voxels_after);
  const cli_units ml_before = cli_units_sig(s->ml_before), ml_after = cli_units_sig(s->ml_after);
  const char *one = s->voxels_before == 1 ? "" : "s";
  if (s->fate == TOME_FATE_VANISHED)
    cli_say("%s: label %s/%s vanishes: %s voxel%s (%s ml) in the store, 0 in the result", id, s->map, s->name, before.s,
            one, ml_before.s);
  else
    cli_say("%s: label %s/%s shrinks by more than half: %s voxel%s (%s ml) in the store, %s (%s ml) in the result", id,
            s->map, s->name, before.s, one, ml_before.s, after.s, ml_after.s);
}

static void keep(char ***list, size_t *count, char *line) {
  *list = cli_grow(*list, *count + 1, sizeof **list);
  (*list)[(*count)++] = line;
}

static void keep_files(get_report *r, const tome_export_event *e) {
  for (size_t i = 0; i < e->volume_count && r->file_count < FILES_KEPT; i++) {
    const bool again = r->file_count && strcmp(r->files[r->file_count - 1], e->volumes[i].path) == 0;
    if (!again) keep(&r->files, &r->file_count, cli_dup(e->volumes[i].path)); /* one file may hold several volumes */
  }
}

static bool begins_with_id(const char *text, const char *id) {
  const size_t n = strlen(id);
  return strncmp(text, id, n) == 0 && text[n] == ':';
}

void get_report_event(void *report, const tome_export_event *e) {
  get_report *r = report;
  if (r->json) json_event(e);
  for (size_t i = 0; i < e->survival_count; i++) say_lost(r, e->id, &e->survival[i]);
  if (e->kind == TOME_EXPORT_WRITTEN) keep_files(r, e);
  if (e->kind != TOME_EXPORT_FAILED) return;
  if (!r->failed_count) {
    r->code = e->code;
    r->first = cli_dup(e->text);
  }
  keep(&r->failed, &r->failed_count,
       begins_with_id(e->text, e->id) ? cli_dup(e->text) : cli_printf("%s: %s", e->id, e->text));
}

static void say_written(const char *path) {
  struct stat st;
  if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
    cli_say("wrote %s (%s)", path, cli_units_bytes((uint64_t)st.st_size).s);
  else
    cli_say("wrote %s", path); /* slices */
}

static void say_failed(const get_report *r) {
  if (!r->failed_count) return;
  cli_say("failed:");
  for (size_t i = 0; i < r->failed_count; i++) cli_say("  %s", r->failed[i]);
}

static void say_summary(const get_report *r, const tome_export_summary *s) {
  if (r->lost > LOST_SHOWN)
    cli_say("%zu more labels vanish or shrink by more than half; --json lists all", r->lost - LOST_SHOWN);
  if (s->cases == 1) {
    for (size_t i = 0; i < r->file_count; i++) say_written(r->files[i]);
    if (s->skipped) cli_say("is there already, made by the same recipe from the same voxels: nothing to do");
    return;
  }
  cli_say("%s written, %s skipped (there already, made by the same recipe from the same voxels), %s failed",
          cli_units_count(s->written).s, cli_units_count(s->skipped).s, cli_units_count(s->failed).s);
  if (s->written && s->seconds > 0)
    cli_say("%s of voxels in %s (%s/s)", cli_units_bytes(s->bytes_voxels).s, cli_units_seconds(s->seconds).s,
            cli_units_bytes((uint64_t)((double)s->bytes_voxels / s->seconds)).s);
}

/* The one case of a run that had only one: its sentence alone, as any other command's. */
static int failed_alone(const get_report *r) {
  cli_error("%s", r->first);
  return r->code == TOME_USAGE ? CLI_USAGE : CLI_REFUSED;
}

int get_report_done(const get_report *r, const tome_export_summary *s) {
  if (r->json) json_summary(s, "summary");
  if (s->cases == 1 && r->failed_count) return failed_alone(r);
  say_failed(r);
  if (!r->quiet) say_summary(r, s);
  return r->failed_count ? CLI_REFUSED : CLI_OK;
}

int get_report_failed(const get_report *r, const tome_export_summary *s, const tome_error *err) {
  if (r->json) json_summary(s, err->code == TOME_CANCELLED && cli_interrupted() ? "stopped" : "failed");
  say_failed(r);
  if (s->written == 0) return cli_stopped(err, "stopped; nothing was written");
  char *text = cli_printf("stopped; what is whole by then stays, run again to go on");
  const int status = cli_stopped(err, text);
  free(text);
  return status;
}

void get_report_clear(get_report *r) {
  for (size_t i = 0; i < r->file_count; i++) free(r->files[i]);
  for (size_t i = 0; i < r->failed_count; i++) free(r->failed[i]);
  free(r->files);
  free(r->failed);
  free(r->first);
}
