/* guard.h - what a query may do, and for how long. */
#ifndef TOME_INDEX_GUARD_H
#define TOME_INDEX_GUARD_H

#include "index/db.h"

typedef struct tome_guard {
  char refused[160]; /* the first thing that was asked for and is not allowed; "" none */
  double deadline;   /* monotonic seconds */
  bool late;         /* the time was up */
} tome_guard;

/* Binds the guard to a connection for all that is run on it; `g` must outlive the connection. */
void tome_guard_set(tome_guard *g, sqlite3 *db, double seconds);

#endif
