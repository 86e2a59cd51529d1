/* cmd_verify.c - tome verify: reads everything and says what is damaged. */
#include <stdio.h>

#include "cli/json.h"
#include "cli/open.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "cli/units.h"
#include "cli/verbs.h"

/* Where findings go: as lines to stdout at once, or into a JSON text that is kept back until all is known. */
typedef struct report {
  bool as_json;
  cli_json json;
} report;

static void on_finding(void *user, const char *severity, const char *id, const char *text) {
  report *r = user;
  cli_progress_hold();
  if (r->as_json) {
    cli_json_open(&r->json, '{');
    cli_json_put_text(&r->json, "severity", severity);
    cli_json_put_text(&r->json, "id", id);
    cli_json_put_text(&r->json, "text", text);
    cli_json_close(&r->json, '}');
  } else {
    printf("%-5s  ", severity);
    if (id && *id) {
      cli_put_clean(stdout, id);
      fputs(": ", stdout);
    }
    cli_put_clean(stdout, text);
    putchar('\n');
    fflush(stdout);
  }
  cli_progress_release();
}

static void json_summary(cli_json *j, const tome_verify_summary *s) {
  cli_json_put_int(j, "cases", s->cases);
  cli_json_put_int(j, "chunks", s->chunks);
  cli_json_put_int(j, "bytes", s->bytes);
  cli_json_put_int(j, "errors", s->errors);
  cli_json_put_int(j, "notes", s->notes);
}

static void say_summary(const tome_verify_summary *s, double seconds) {
  cli_units cases = cli_units_count(s->cases), chunks = cli_units_count(s->chunks), errors = cli_units_count(s->errors);
  cli_say("%s case%s, %s chunks, %s checked in %s: %s error%s, %s note%s", cases.s, s->cases == 1 ? "" : "s", chunks.s,
          cli_units_bytes(s->bytes).s, cli_units_seconds(seconds).s, s->errors ? errors.s : "no",
          s->errors == 1 ? "" : "s", s->notes ? cli_units_count(s->notes).s : "no", s->notes == 1 ? "" : "s");
}

static bool check(tome_store *store, const cli_args *args, report *r, tome_verify_summary *summary, tome_error *err) {
  tome_run run;
  cli_progress_begin(&run, (int)cli_int(args, "jobs"), cli_given(args, "quiet"));
  bool ok = tome_verify(store, &run, on_finding, r, summary, err);
  cli_progress_end();
  return ok;
}

static int run(const cli_args *args) {
  tome_error err = {0};
  CLI_AUTO_STORE tome_store *store = tome_open(args->operands[0], &err);
  if (!store) return cli_failed(&err);
  CLI_AUTO_TEXT char *text = NULL;
  size_t length = 0;
  report r = {.as_json = cli_given(args, "json"), .json = {.out = cli_memory_file(&text, &length), .lines = true}};
  tome_verify_summary summary = {0};
  double began = cli_clock();
  cli_json_open(&r.json, '{');
  cli_json_key(&r.json, "findings");
  cli_json_open(&r.json, '[');
  bool ok = check(store, args, &r, &summary, &err);
  cli_json_close(&r.json, ']');
  json_summary(&r.json, &summary);
  cli_json_close(&r.json, '}');
  fclose(r.json.out);
  if (!ok) return cli_stopped(&err, "stopped before everything was checked");
  if (r.as_json) fputs(text, stdout);
  if (!cli_given(args, "quiet")) say_summary(&summary, cli_clock() - began);
  return summary.errors ? CLI_REFUSED : CLI_OK;
}

static const cli_option options[] = {CLI_OPTION_JOBS, CLI_OPTION_JSON, CLI_OPTION_QUIET, CLI_OPTIONS_END};

const cli_verb cmd_verify = {
    .name = "verify",
    .group = CLI_GROUP_KEEP,
    .operands = "STORE",
    .summary = "check every byte: checksums, structure, index against files",
    .about =
        "Reads and checks everything: the structure of every case file, the checksum of every chunk, the hashes of the "
        "voxels, and the "
        "index against the files. Prints one line a finding. An \"error\" is damage: take that case from its source "
        "again (tome ingest "
        "--replace). A \"note\" is harmless: tome reindex puts it right. The exit status is 1 where there is an error.",
    .examples = "tome verify liver.tome\ntome verify liver.tome --json -q",
    .options = options,
    .run = run,
};
