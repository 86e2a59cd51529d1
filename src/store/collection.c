/* An archive of results: the file, and a group an item. The voxels of a group are written as a case file's are. */
#include "store/collection.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/collection_inside.h"
#include "store/sink.h"
#include "store/writer.h"

bool tome_collection_sound(const tome_collection *r, tome_error *err) {
  if (!r->failed) return true;
  errno = r->failed;
  return tome_fail_errno(err, "the archive cannot be written");
}

bool tome_collection_broken(const tome_collection *r) { return r->failed != 0; }

uint64_t tome_collection_count(const tome_collection *r) { return r->count; }

static bool begin(tome_collection *r, tome_error *err) {
  TOME_H5_LOCK;
  r->file = tome_sink_create(r->path, false, &r->failed, err);
  return r->file >= 0 && tome_h5_put_text(r->file, "tome_version", TOME_VERSION, err) &&
         tome_h5_put_text(r->file, "layout", r->stacked ? "stacked" : "groups", err);
}

tome_collection *tome_collection_new(const char *path, bool stacked, tome_error *err) {
  tome_collection *r = tome_alloc_zero(1, sizeof *r, path, err);
  if (!r) return NULL;
  pthread_mutex_init(&r->lock, NULL);
  r->file = H5I_INVALID_HID;
  r->stacked = stacked;
  r->path = tome_arena_dup(&r->arena, path, err);
  if (r->path && begin(r, err)) return r;
  tome_collection_free(r);
  return NULL;
}

void tome_collection_free(tome_collection *r) {
  if (!r) return;
  if (r->file >= 0) {
    TOME_H5_LOCK;
    tome_collection_close_sets(r);
    tome_h5_close(&r->file);
  }
  pthread_mutex_destroy(&r->lock);
  free(r->rows);
  tome_arena_clear(&r->arena);
  free(r);
}

bool tome_collection_finish(tome_collection *r, tome_error *err) {
  bool ok;
  {
    TOME_H5_LOCK;
    ok = !r->stacked || tome_collection_put_rows(r, err);
    tome_collection_close_sets(r);
    if (H5Fclose(r->file) < 0 && ok) ok = tome_h5_fail(err, TOME_IO, "%s: cannot be completed", r->path);
    r->file = H5I_INVALID_HID;
  }
  ok = ok && tome_collection_sound(r, err);
  tome_collection_free(r);
  return ok;
}

/* ---- attributes ---- */

static bool put_fact(hid_t at, const tome_collection_fact *f, tome_error *err) {
  if (f->text) return tome_h5_put_text(at, f->name, f->text, err);
  return tome_h5_put_numbers(at, f->name, H5T_IEEE_F64LE, f->count ? 1 : 0, (hsize_t[]){f->count}, f->many, err);
}

bool tome_collection_texts(tome_collection *r, const tome_collection_fact *texts, size_t count, tome_error *err) {
  TOME_H5_LOCK;
  for (size_t i = 0; i < count; i++)
    if (!put_fact(r->file, &texts[i], err)) return tome_fail_prefix(err, "%s", r->path);
  return tome_collection_sound(r, err);
}

static bool put_item_attributes(hid_t group, const tome_collection_item *item, tome_error *err) {
  if (!tome_h5_put_text(group, "id", item->id, err) || !tome_h5_put_text(group, "key", item->key, err) ||
      !tome_h5_put_text(group, "voxel_hash", item->voxel_hash, err) ||
      (item->n >= 0 && !tome_h5_put_numbers(group, "n", H5T_STD_I64LE, 0, NULL, &item->n, err)))
    return false;
  for (size_t i = 0; i < item->fact_count; i++)
    if (!put_fact(group, &item->facts[i], err)) return false;
  return true;
}

/* ---- a group ---- */

bool tome_collection_folders(hid_t at, const tome_collection_item *item, tome_error *err) {
  TOME_H5_ID order = H5Pcreate(H5P_GROUP_CREATE);
  H5Pset_link_creation_order(order, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED); /* they keep their order */
  H5Pset_obj_track_times(order, 0);
  bool channels = false;
  for (size_t i = 0; i < item->volume_count; i++)
    if (strncmp(item->volumes[i].path, "channels/", strlen("channels/")) == 0) channels = true;
  static const char *const names[] = {"labels", "channels"};
  for (int i = 0; i < 1 + channels; i++) {
    TOME_H5_ID made = H5Gcreate2(at, names[i], H5P_DEFAULT, order, H5P_DEFAULT);
    if (made < 0) return tome_h5_fail(err, TOME_IO, "group %s/%s cannot be made", item->group, names[i]);
  }
  return true;
}

static hid_t make_group(tome_collection *r, const tome_collection_item *item, tome_error *err) {
  TOME_H5_LOCK;
  TOME_H5_ID parents = H5Pcreate(H5P_LINK_CREATE);
  H5Pset_create_intermediate_group(parents, 1);
  const hid_t group = H5Gcreate2(r->file, item->group, parents, H5P_DEFAULT, H5P_DEFAULT);
  if (group < 0) {
    tome_h5_fail(err, TOME_IO, "group %s cannot be made", item->group);
    return group;
  }
  if (tome_collection_folders(group, item, err) && put_item_attributes(group, item, err)) return group;
  H5Gclose(group);
  H5Ldelete(r->file, item->group, H5P_DEFAULT);
  return H5I_INVALID_HID;
}

static bool put_volumes(tome_collection *r, hid_t group, const tome_collection_item *item, const tome_run *run,
                        tome_error *err) {
  tome_case_writer w; /* a case file's volumes, in a group */
  bool ok = true;
  tome_case_writer_begin_in(&w, item->group, group);
  w.plain = true;
  for (size_t i = 0; i < item->volume_count && ok; i++) {
    const tome_collection_volume *v = &item->volumes[i];
    const tome_volume volume = {.geometry = *item->geometry, .dtype = v->dtype, .data = (void *)(uintptr_t)v->voxels};
    const char *units = strcmp(v->path, "image") == 0 ? item->units : "";
    ok = tome_case_writer_volume(&w, v->path, &volume, units, NULL, run, err) && tome_collection_sound(r, err);
  }
  tome_case_writer_end_in(&w);
  return ok;
}

static bool put_group(tome_collection *r, const tome_collection_item *item, const tome_run *run, tome_error *err) {
  const hid_t group = make_group(r, item, err);
  if (group < 0) return tome_fail_prefix(err, "%s", r->path);
  const bool ok = put_volumes(r, group, item, run, err);
  TOME_H5_LOCK;
  H5Gclose(group);
  if (!ok) H5Ldelete(r->file, item->group, H5P_DEFAULT); /* no half items */
  return ok;
}

bool tome_collection_put(tome_collection *r, const tome_collection_item *item, const tome_run *run, tome_error *err) {
  if (!tome_collection_sound(r, err)) return false;
  if (!(r->stacked ? tome_collection_put_row(r, item, err) : put_group(r, item, run, err))) return false;
  pthread_mutex_lock(&r->lock);
  r->count++;
  pthread_mutex_unlock(&r->lock);
  return true;
}
