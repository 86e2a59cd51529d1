/* What an ingest says while it runs: one event at a time, counted. */
#include "app/app.h"

void tome_say(tome_ingesting *in, tome_event_kind kind, const char *id, const char *path, const char *text) {
  if (kind == TOME_EVENT_ADDED) in->sum.added++;
  if (kind == TOME_EVENT_SKIPPED) in->sum.skipped++;
  if (kind == TOME_EVENT_REFUSED) in->sum.refused++;
  if (kind == TOME_EVENT_NOTE) in->sum.notes++;
  const tome_event e = {kind, id, path, text};
  if (in->on_event) in->on_event(in->user, &e);
}

bool tome_refuse(tome_ingesting *in, const char *id, const char *path, tome_code code, const char *text,
                 tome_error *err) {
  const tome_refusal r = {id, path, tome_code_name(code), text};
  tome_say(in, TOME_EVENT_REFUSED, id, path, text);
  return tome_refusal_keep(in->store, in->index, &r, err);
}
