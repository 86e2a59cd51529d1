/*
 * inside.h - what the files of the viewer share.
 *
 * A request goes  server.c (is it let in, which route)  ->  api_*.c (what is asked)  ->  opened.c, recipes.c (from which result)  ->  a view_reply
 *  ->  server.c. Only server.c sees libmicrohttpd. Every call may come from many threads at a time.
 *
 * What may be asked, all below /TOKEN/ (an [argument] may be left out; failures are {"error": sentence} with a status of 400 or more):
 *   GET  (nothing), *.css, *.js                            the page
 *   GET  api/store                                         name, cases, presets, palette, recipes, ops
 *   GET  api/cases [where=SQL order=[-]COLUMN search= limit= offset=]   columns, rows, total
 *   GET  api/case id=                                      shape, spacing, affine, volumes, labels, windows, problems, histograms
 *   GET  api/histogram id= [volume=labels/MAP]             first, width, counts; labels: begin (a bin), counts
 *   GET  api/box id= [volume= z=A:B y=A:B x=A:B]           raw voxels, C order; X-Tome-Shape, X-Tome-Type
 *   POST api/recipe, its text as body                      id
 *   GET  api/result id= recipe=                            shape, spacing, affine, dtype, volumes, canonical, steps
 *   GET  api/result/box id= recipe= [volume= z= y= x=]     as api/box
 */
#ifndef TOME_VIEW_INSIDE_H
#define TOME_VIEW_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "cli/json.h"
#include "view/view.h"

/* A file of web/, embedded at build. */
typedef struct view_part {
  const char *name, *text;
  uint8_t sha256[32];
} view_part;
extern const view_part view_parts[]; /* ends with name NULL */

/* Records the first failure; returns false. */
bool view_fail(tome_error *err, tome_code code, const char *fmt, ...) TOME_PRINTF(3, 4);
bool view_no_memory(tome_error *err);
#define VIEW_CLEANUP(f) __attribute__((cleanup(f)))
void view_free_text(char **text);
#define VIEW_AUTO_TEXT VIEW_CLEANUP(view_free_text)

/* ---- guard.c: who is let in; no state, no input or output but getrandom ---- */

enum { VIEW_TOKEN = 32 }; /* hexadecimal digits: 128 bits */
TOME_MUST_USE bool view_token_make(char out[VIEW_TOKEN + 1], tome_error *err);
/* Where the path behind "/TOKEN/" begins; NULL where `target` (the request's own, as it came) does not begin so. Takes as long for each wrong token of the
 * right length. */
const char *view_past_token(const char *target, const char *token);

/* The names under which this server may be asked for. */
typedef struct view_names {
  const char *host; /* what it was told to bind to */
  const char
      *machine; /* this computer's name; NULL unless it is bound to all addresses, when numbers are let in as well */
  int port;
} view_names;
/* Whether a Host header is one of ours: others are somebody else's name for this address (DNS rebinding). */
bool view_host_is_ours(const view_names *names, const char *host);
/* Whether a page of that origin is the one that this server gave out. NULL: the browser did not say. */
bool view_origin_is_ours(const char *origin, const char *host);
/* By the Sec-Fetch-* headers (NULL: not sent): from our own page, or typed in, or a link in another page that leads to the page itself. */
bool view_fetch_is_ours(bool page, const char *site, const char *mode, const char *dest);

/* ---- words.c: arguments as text ---- */

/* Decodes %XX in place and returns the length. What is no escape, and %00, becomes U+0001, which view_text_is_clean refuses. */
size_t view_unescape(char *text);
/* No control characters but tabs and line ends. */
bool view_text_is_clean(const char *text);
/* "3:9", "3:", ":9" within 0 … most; NULL is the whole axis. Not empty, not negative. `axis` is for the sentence. */
TOME_MUST_USE bool view_span(const char *text, char axis, int64_t most, int64_t *lo, int64_t *hi, tome_error *err);
/* A whole number in lo … hi; `fallback` where text is NULL. */
TOME_MUST_USE bool view_number(const char *text, const char *name, int64_t lo, int64_t hi, int64_t fallback,
                               int64_t *out, tome_error *err);
/* NumPy's type string: "<i2", "|u1". */
const char *view_type_text(tome_dtype dtype);
/* Bytes of a box; false where they are more than `most`. */
bool view_box_bytes(const tome_box *box, size_t element, size_t most, size_t *bytes);

/* ---- gate.c: how much happens at a time ---- */

typedef struct view_gate {
  pthread_mutex_t lock;
  pthread_cond_t moved;
  size_t bytes; /* free for answers that are being computed or sent */
  int rooms;    /* for computing */
} view_gate;
void view_gate_init(view_gate *g, size_t bytes, int rooms);
void view_gate_clear(view_gate *g);
/* Waits for `bytes` (at most what there is in all) and a room; TOME_NO_MEMORY after some seconds, or when run->stop says so. */
TOME_MUST_USE bool view_gate_enter(view_gate *g, size_t bytes, const tome_run *run, tome_error *err);
void view_gate_computed(view_gate *g);           /* leaves the room, keeps the bytes */
void view_gate_sent(view_gate *g, size_t bytes); /* gives the bytes back */
void view_timed_condition(pthread_cond_t *c);    /* initialises one whose clock does not jump */
/* False where `seconds` have passed since `*since` (0: now, and it is set). */
bool view_wait(pthread_cond_t *c, pthread_mutex_t *m, double *since, double seconds);
double view_now(void); /* seconds, monotonic */

/* ---- recipes.c ---- */

typedef struct view_recipe {
  char id[33]; /* the canonical text's hash */
  char *name, *text;
  char **steps;
  size_t step_count;
  bool stays; /* of the command line: never makes room for another */
  uint64_t used;
} view_recipe;
typedef struct view_recipes {
  pthread_mutex_t lock;
  view_recipe *list;
  size_t count;
  uint64_t clock;
} view_recipes;
enum { VIEW_RECIPES = 64, VIEW_RECIPE_BYTES = 64 << 10 };
TOME_MUST_USE bool view_recipes_init(view_recipes *r, tome_error *err);
void view_recipes_clear(view_recipes *r);
/* Takes a recipe's text; one that means the same is the same. Where there are VIEW_RECIPES, the one that was not used longest goes. */
TOME_MUST_USE bool view_recipes_add(view_recipes *r, const char *name, const char *text, bool stays, char id[33],
                                    tome_error *err);
TOME_MUST_USE bool view_recipes_add_file(view_recipes *r, const char *path, tome_error *err);
/* A copy, to be cleared. TOME_NOT_FOUND. */
TOME_MUST_USE bool view_recipes_get(view_recipes *r, const char *id, view_recipe *out, tome_error *err);
void view_recipe_clear(view_recipe *r);
void view_recipes_json(view_recipes *r, cli_json *j);
tome_recipe_text view_recipe_words(const view_recipe *r);

/* ---- opened.c: cases, and recipes over them, that were asked for lately ---- */

typedef struct view_opened {
  char *id, *recipe, *stamp; /* recipe "": as stored. stamp: the voxels' hashes when it was opened */
  tome_result *result;       /* NULL: being opened, or an empty place */
  int users;
  bool stale; /* the store has other voxels by now: goes with its last user */
  double checked;
  uint64_t used;
} view_opened;
enum { VIEW_OPENED = 4, VIEW_CACHE_BYTES = 256 << 20, VIEW_WORK_BYTES = 256 << 20 };
typedef struct view_shelf {
  pthread_mutex_t lock;
  pthread_cond_t moved;
  view_opened places[VIEW_OPENED];
  uint64_t clock;
  tome_store *store;
  view_recipes *recipes;
  const tome_run *run;
} view_shelf;
void view_shelf_init(view_shelf *s, tome_store *store, view_recipes *recipes, const tome_run *run);
void view_shelf_clear(view_shelf *s);
/* A case that the index has, with a recipe's result ("": as stored); to be given back. TOME_NOT_FOUND. */
TOME_MUST_USE view_opened *view_take(view_shelf *s, const char *id, const char *recipe, tome_error *err);
void view_give_back(view_shelf *s, view_opened *o);

/* ---- requests and replies ---- */

struct view_server {
  tome_store *store;
  view_recipes recipes;
  view_shelf shelf;
  view_gate gate;
  view_names names;
  char token[VIEW_TOKEN + 1];
  char *host, *machine, *url;
  tome_run run; /* ends when the server stops */
  atomic_bool stopping;
  bool local;
  int socket;
  struct MHD_Daemon *daemon;
};

/* listen.c: opens v->socket at `port` of v->host; fills names.port and local. */
TOME_MUST_USE bool view_listen(view_server *v, int port, tome_error *err);

typedef struct view_request view_request;
/* An argument of the query; NULL where it is not there. */
const char *view_arg(const view_request *r, const char *name);
/* One that must be there. NULL with TOME_USAGE. */
const char *view_need(const view_request *r, const char *name, tome_error *err);
view_server *view_server_of(const view_request *r);
/* Ends when the server stops, or when the client has gone: nobody waits for the voxels of a slice that was scrolled past. */
const tome_run *view_run_of(const view_request *r);
const char *view_body(const view_request *r, size_t *size);

/* Zero-initialise. */
typedef struct view_reply {
  unsigned status;          /* 0: 200, or after a failure what its code means */
  const char *type;         /* of the content */
  const char *still;        /* what is said, where it lasts as long as the program … */
  void *data;               /* … or else, from malloc */
  size_t size, held;        /* held: bytes of the gate, to be given back when it is sent */
  char shape[80], dtype[8]; /* headers X-Tome-Shape, X-Tome-Type; "": none */
} view_reply;
void view_reply_clear(view_reply *r);

/* reply.c: a JSON text in memory. */
typedef struct view_text {
  char *text;
  size_t size;
  cli_json json; /* out NULL: no memory */
} view_text;
TOME_MUST_USE bool view_text_open(view_text *t, tome_error *err);
TOME_MUST_USE bool view_text_reply(view_text *t, view_reply *out, tome_error *err);
void view_text_clear(view_text *t);
void view_json_whole(cli_json *j, const char *name, const int64_t v[3]);
void view_json_affine(cli_json *j, const tome_geometry *g);
/* api_case.c: grid, type and volumes of a result. */
TOME_MUST_USE bool view_put_volumes(cli_json *j, const tome_result *result, tome_error *err);
void view_json_names(cli_json *j, const char *name, const char *list); /* separated by U+001F */
void view_reply_error(view_reply *out, const tome_error *err);
/* Runs one query of ours with at most one parameter. */
TOME_MUST_USE bool view_query(const view_request *r, const char *sql, const char *param, tome_row_fn row, void *user,
                              tome_error *err);
double view_real(const tome_value *v);        /* NaN where it is no number */
const char *view_string(const tome_value *v); /* "" where it is no text */

typedef bool view_handler(const view_request *r, view_reply *out, tome_error *err);
view_handler view_api_store, view_api_cases, view_api_case, view_api_histogram, view_api_box, view_api_recipe,
    view_api_result, view_api_result_box;

#endif
