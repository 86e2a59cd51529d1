/*
 * server.c - the only file that sees libmicrohttpd: who is let in, which route, and how an answer is sent.
 *
 * The request's target is judged as it came, before anything is decoded: a path that is not, letter for letter, one of the table's is not there.
 */
#include <inttypes.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "view/inside.h"

enum {
  CONNECTIONS = 64,
  TIMEOUT = 20,                /* seconds without a byte */
  CONNECTION_BYTES = 40 << 10, /* for a request's head */
  COMPUTING = 6                /* requests at a time */
};
static const double look_every = 0.05;                /* seconds */
static const size_t answer_bytes = (size_t)256 << 20; /* of voxels, being computed or sent, all connections together */

typedef struct route {
  const char *path;
  view_handler *handle;
  bool posts;
} route;

/* Besides these there are the files of web/, each under its name; view.html under none. */
static const route routes[] = {
    {.path = "api/store", .handle = view_api_store},   {.path = "api/cases", .handle = view_api_cases},
    {.path = "api/case", .handle = view_api_case},     {.path = "api/histogram", .handle = view_api_histogram},
    {.path = "api/box", .handle = view_api_box},       {.path = "api/recipe", .handle = view_api_recipe, .posts = true},
    {.path = "api/result", .handle = view_api_result}, {.path = "api/result/box", .handle = view_api_result_box},
};

struct view_request {
  view_server *server;
  struct MHD_Connection *connection;
  const route *route;    /* or … */
  const view_part *part; /* … a file; both NULL: none of ours */
  bool begun;
  char *body; /* NUL-terminated */
  size_t body_size;
  tome_run run;
  int fd;
  atomic_bool gone;    /* the client is */
  _Atomic double seen; /* when that was looked at last */
};

view_server *view_server_of(const view_request *r) { return r->server; }

const tome_run *view_run_of(const view_request *r) { return &r->run; }

const char *view_body(const view_request *r, size_t *size) {
  *size = r->body_size;
  return r->body ? r->body : "";
}

const char *view_arg(const view_request *r, const char *name) {
  return MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *view_need(const view_request *r, const char *name, tome_error *err) {
  const char *value = view_arg(r, name);
  if (!value) view_fail(err, TOME_USAGE, "the request needs %s=", name);
  return value;
}

/* ---- a request's beginning and end ---- */

static bool is_called(const char *path, size_t length, const char *name) {
  return strlen(name) == length && !memcmp(path, name, length);
}

static const char page_name[] = "view.html";

/* Letter for letter one of the table's, or of the files'. */
static void find_route(view_request *r, const char *target) {
  const char *path = view_past_token(target, r->server->token);
  if (!path) return;
  const size_t n = strcspn(path, "?");
  for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
    if (is_called(path, n, routes[i].path)) r->route = &routes[i];
  for (const view_part *p = view_parts; p->name && !r->route; p++)
    if (is_called(path, n, strcmp(p->name, page_name) ? p->name : "")) r->part = p;
}

/* Called often, by several threads: the socket is looked at now and then. One that the client has shut is one it has left. */
static bool is_unwanted(void *user) {
  view_request *r = user;
  if (atomic_load(&r->server->stopping) || atomic_load(&r->gone)) return true;
  const double now = view_now();
  if (now - atomic_load(&r->seen) < look_every) return false;
  atomic_store(&r->seen, now);
  struct pollfd p = {.fd = r->fd, .events = POLLRDHUP};
  const bool gone = poll(&p, 1, 0) == 1 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR));
  if (gone) atomic_store(&r->gone, true);
  return gone;
}

static void *on_target(void *user, const char *target, struct MHD_Connection *connection) {
  view_server *v = user;
  view_request *r = calloc(1, sizeof *r);
  if (!r) return NULL;
  r->server = v;
  r->connection = connection;
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  r->fd = info ? info->connect_fd : -1; /* poll() passes over -1 */
  r->run = (tome_run){.stop = is_unwanted, .user = r};
  atomic_store(&r->seen, view_now());
  find_route(r, target);
  return r;
}

static void on_end(void *user, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode code) {
  view_request *r = *state;
  (void)user;
  (void)connection;
  (void)code;
  if (!r) return;
  free(r->body);
  free(r);
  *state = NULL;
}

static size_t on_escape(void *user, struct MHD_Connection *connection, char *text) {
  (void)user;
  (void)connection;
  return view_unescape(text);
}

static bool posts(const view_request *r) { return r->route && r->route->posts; }

/* ---- sending ---- */

static const char *const standing_headers[][2] = {
    {"Cache-Control", "no-store"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"X-Frame-Options", "DENY"},
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
     "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
};

/* A sent answer's voxels: freed, and their bytes given back. */
typedef struct sending {
  view_server *server;
  void *data;
  size_t held;
} sending;

static void on_sent(void *user) {
  sending *s = user;
  free(s->data);
  view_gate_sent(&s->server->gate, s->held);
  free(s);
}

/* Takes over the reply's data, whatever comes of it. */
static struct MHD_Response *response_of(view_server *v, view_reply *reply) {
  if (reply->still)
    return MHD_create_response_from_buffer(reply->size, (void *)(uintptr_t)reply->still, MHD_RESPMEM_PERSISTENT);
  sending *s = malloc(sizeof *s);
  struct MHD_Response *response = NULL;
  if (s) {
    *s = (sending){v, reply->data, reply->held};
    response = MHD_create_response_from_buffer_with_free_callback_cls(reply->size, reply->data, on_sent, s);
  }
  if (!response) {
    free(reply->data);
    view_gate_sent(&v->gate, reply->held);
    free(s);
  }
  reply->data = NULL;
  return response;
}

static enum MHD_Result send_reply(const view_request *r, view_reply *reply) {
  struct MHD_Response *response = response_of(r->server, reply);
  if (!response) return MHD_NO;
  bool ok = MHD_add_response_header(response, "Content-Type", reply->type) == MHD_YES;
  for (size_t i = 0; ok && i < sizeof standing_headers / sizeof *standing_headers; i++)
    ok = MHD_add_response_header(response, standing_headers[i][0], standing_headers[i][1]) == MHD_YES;
  if (ok && *reply->shape) ok = MHD_add_response_header(response, "X-Tome-Shape", reply->shape) == MHD_YES;
  if (ok && *reply->dtype) ok = MHD_add_response_header(response, "X-Tome-Type", reply->dtype) == MHD_YES;
  if (ok && reply->status == 405)
    ok = MHD_add_response_header(response, "Allow", posts(r) ? "POST" : "GET, HEAD") == MHD_YES;
  const enum MHD_Result queued =
      ok ? MHD_queue_response(r->connection, reply->status ? reply->status : 200, response) : MHD_NO;
  MHD_destroy_response(response);
  return queued;
}

static const char *header(const view_request *r, const char *name) {
  return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

/* For a person whose browser still has the address of an earlier start. It says the same whatever was asked for. */
static enum MHD_Result send_to_terminal(const view_request *r) {
  static const char page[] =
      "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"color-scheme\" content=\"light "
      "dark\">"
      "<title>Not found</title></head><body><h1>Not found</h1><p>tome view makes a new address each time it is "
      "started. "
      "Open the one that it printed last.</p></body></html>\n";
  view_reply reply = {.status = 404, .type = "text/html; charset=utf-8", .still = page, .size = sizeof page - 1};
  return send_reply(r, &reply);
}

static enum MHD_Result refuse(const view_request *r, unsigned status, const char *why) {
  const char *accepted = status == 404 ? header(r, "Accept") : NULL;
  if (accepted && strstr(accepted, "text/html")) return send_to_terminal(r);
  tome_error err = {0};
  view_reply reply = {.status = status};
  view_fail(&err, TOME_USAGE, "%s", why);
  view_reply_error(&reply, &err);
  return send_reply(r, &reply);
}

/* ---- who is let in ---- */

static enum MHD_Result check_text(void *user, enum MHD_ValueKind kind, const char *key, const char *value) {
  bool *clean = user;
  (void)kind;
  *clean = *clean && view_text_is_clean(key) && (!value || view_text_is_clean(value));
  return *clean ? MHD_YES : MHD_NO;
}

/* The status to refuse with, and why; 0 where the request may go on. */
static unsigned judge(const view_request *r, const char *method, const char **why) {
  const char *host = header(r, "Host");
  *why = "not found: tome view makes a new address each time it is started, and prints it";
  if (!r->route && !r->part) return 404;
  *why = "this server is not known by that name";
  if (!view_host_is_ours(&r->server->names, host)) return 403;
  *why = "requests of other sites are not answered";
  const bool page = r->part && !strcmp(r->part->name, page_name);
  if (!view_origin_is_ours(header(r, "Origin"), host) ||
      !view_fetch_is_ours(page, header(r, "Sec-Fetch-Site"), header(r, "Sec-Fetch-Mode"), header(r, "Sec-Fetch-Dest")))
    return 403;
  *why = "the method is not one of this address";
  const bool reads = !strcmp(method, "GET") || !strcmp(method, "HEAD");
  if (posts(r) ? strcmp(method, "POST") != 0 : !reads) return 405;
  bool clean = true;
  MHD_get_connection_values(r->connection, MHD_GET_ARGUMENT_KIND, check_text, &clean);
  *why = "an argument holds control characters or broken escapes";
  return clean ? 0 : 400;
}

/* ---- answering ---- */

static const char *type_of(const char *name) {
  const char *dot = strrchr(name, '.');
  if (dot && !strcmp(dot, ".html")) return "text/html; charset=utf-8";
  if (dot && !strcmp(dot, ".css")) return "text/css; charset=utf-8";
  return "text/javascript; charset=utf-8"; /* there are no others: see CMakeLists.txt */
}

static bool answer(const view_request *r, view_reply *out, tome_error *err) {
  if (r->route) return r->route->handle(r, out, err);
  *out = (view_reply){.type = type_of(r->part->name), .still = r->part->text, .size = strlen(r->part->text)};
  return true;
}

/* More of the body; false where it is too long. */
static bool take_body(view_request *r, const char *data, size_t size) {
  if (size > VIEW_RECIPE_BYTES - r->body_size) return false;
  char *more = realloc(r->body, r->body_size + size + 1);
  if (!more) return false;
  memcpy(more + r->body_size, data, size);
  r->body = more;
  r->body_size += size;
  more[r->body_size] = '\0';
  return true;
}

/* Before any of the body is read: whether it is wanted at all. MHD_YES with *go: go on. */
static enum MHD_Result begin(view_request *r, const char *method, bool *go) {
  const char *why, *length = header(r, "Content-Length");
  const unsigned status = judge(r, method, &why);
  *go = false;
  if (status) return refuse(r, status, why);
  const unsigned long long size = length ? strtoull(length, NULL, 10) : 0;
  if (posts(r) && size > VIEW_RECIPE_BYTES) return refuse(r, 413, "a recipe has at most 64 KiB");
  if (!posts(r) && (size > 0 || header(r, "Transfer-Encoding"))) return MHD_NO; /* nothing here takes a body */
  *go = true;
  return MHD_YES;
}

static enum MHD_Result on_request(void *user, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *data, size_t *size, void **state) {
  view_request *r = *state;
  bool go;
  (void)user;
  (void)url;
  (void)version;
  if (!r) return MHD_NO; /* no memory */
  if (!r->begun) {
    r->begun = true;
    return begin(r, method, &go);
  }
  if (*size) {
    if (!take_body(r, data, *size)) return MHD_NO;
    *size = 0;
    return MHD_YES;
  }
  view_reply reply = {0};
  tome_error err = {0};
  MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, 0U); /* it is us who are slow now */
  if (!answer(r, &reply, &err)) view_reply_error(&reply, &err);
  MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, (unsigned)TIMEOUT);
  return send_reply(r, &reply);
}

/* ---- the server ---- */

static bool is_stopping(void *user) {
  const view_server *v = user;
  return atomic_load(&v->stopping);
}

static bool make_url(view_server *v, tome_error *err) {
  const char *name = v->machine ? v->machine : v->host;
  const bool six = strchr(name, ':') != NULL;
  if (asprintf(&v->url, "http://%s%s%s:%d/%s/", six ? "[" : "", name, six ? "]" : "", v->names.port, v->token) < 0) {
    v->url = NULL;
    return view_no_memory(err);
  }
  return true;
}

static bool start_daemon(view_server *v, tome_error *err) {
  v->daemon = MHD_start_daemon(
      MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_USE_ITC, 0, NULL, NULL,
      on_request, v, MHD_OPTION_LISTEN_SOCKET, v->socket, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
      MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
      MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_URI_LOG_CALLBACK, on_target, v, MHD_OPTION_UNESCAPE_CALLBACK,
      on_escape, v, MHD_OPTION_NOTIFY_COMPLETED, on_end, v, MHD_OPTION_END);
  if (!v->daemon) return view_fail(err, TOME_IO, "the server cannot be started");
  v->socket = -1; /* the daemon's now */
  return true;
}

static bool start(view_server *v, const view_options *opt, tome_error *err) {
  v->host = strdup(opt->host ? opt->host : "127.0.0.1");
  if (!v->host) return view_no_memory(err);
  for (size_t i = 0; i < opt->recipe_count; i++)
    if (!view_recipes_add_file(&v->recipes, opt->recipes[i], err)) return false;
  if (!view_token_make(v->token, err) || !view_listen(v, opt->port, err)) return false;
  v->names.host = v->host;
  v->names.machine = v->machine;
  return make_url(v, err) && start_daemon(v, err);
}

view_server *view_start(tome_store *store, const view_options *opt, tome_error *err) {
  view_server *v = calloc(1, sizeof *v);
  if (!v) {
    view_no_memory(err);
    return NULL;
  }
  v->store = store;
  v->socket = -1;
  v->run = (tome_run){.stop = is_stopping, .user = v};
  view_gate_init(&v->gate, answer_bytes, COMPUTING);
  view_shelf_init(&v->shelf, store, &v->recipes, &v->run);
  if (view_recipes_init(&v->recipes, err) && start(v, opt, err)) return v;
  view_stop(v);
  return NULL;
}

void view_stop(view_server *v) {
  if (!v) return;
  atomic_store(&v->stopping, true);
  if (v->daemon) MHD_stop_daemon(v->daemon);
  if (v->socket >= 0) close(v->socket);
  view_shelf_clear(&v->shelf);
  view_recipes_clear(&v->recipes);
  view_gate_clear(&v->gate);
  free(v->host);
  free(v->machine);
  free(v->url);
  free(v);
}

const char *view_url(const view_server *v) { return v->url; }
int view_port(const view_server *v) { return v->names.port; }
bool view_is_local(const view_server *v) { return v->local; }
