/* view.h - the local viewer: a server of one page, and of the store's voxels to it. It reads only. */
#ifndef TOME_VIEW_H
#define TOME_VIEW_H

#include "tome.h"

typedef struct view_server view_server;

typedef struct view_options {
  const char *host;           /* NULL: 127.0.0.1 */
  int port;                   /* 0: the system chooses */
  const char *const *recipes; /* files */
  size_t recipe_count;
} view_options;

/* Serves a store, which must outlive it, on threads of its own until view_stop. NULL where the address cannot be had, or a recipe is none. */
TOME_MUST_USE view_server *view_start(tome_store *store, const view_options *opt, tome_error *err);
/* Ends what is being computed and closes everything. NULL is fine. */
void view_stop(view_server *v);

const char *view_url(const view_server *v); /* with the token that lets in */
int view_port(const view_server *v);
bool view_is_local(const view_server *v); /* bound to a loopback address: nobody but this computer gets at it */

#endif
