/* What a query may do, and for how long: reading and pure functions, until the time is up. */
#include "index/guard.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Called every few thousand steps of SQLite's machine: not 0 stops the query. */
static int check_time(void *user) {
  tome_guard *g = user;
  if (now() >= g->deadline) g->late = true;
  return g->late;
}

static bool is_one_of(const char *word, const char *const *list, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (word && strcasecmp(word, list[i]) == 0) return true;
  return false;
}

/* Those that only tell the schema, whatever their argument. */
static bool is_harmless_pragma(const char *name) {
  static const char *const harmless[] = {"table_info", "table_xinfo", "table_list",      "index_list",
                                         "index_info", "index_xinfo", "foreign_key_list"};
  return is_one_of(name, harmless, TOME_COUNT(harmless));
}

/* Functions that reach outside the query. */
static bool is_harmful_function(const char *name) {
  static const char *const harmful[] = {"load_extension", "fts3_tokenizer", "readfile", "writefile", "edit"};
  return is_one_of(name, harmful, TOME_COUNT(harmful));
}

static const char *action_name(int action) {
  switch (action) {
    case SQLITE_INSERT:
      return "INSERT";
    case SQLITE_UPDATE:
      return "UPDATE";
    case SQLITE_DELETE:
      return "DELETE";
    case SQLITE_ATTACH:
      return "ATTACH";
    case SQLITE_DETACH:
      return "DETACH";
    case SQLITE_PRAGMA:
      return "PRAGMA";
    case SQLITE_TRANSACTION:
      return "transaction";
    case SQLITE_SAVEPOINT:
      return "SAVEPOINT";
    case SQLITE_FUNCTION:
      return "function";
    case SQLITE_ANALYZE:
      return "ANALYZE";
    case SQLITE_REINDEX:
      return "REINDEX";
    case SQLITE_ALTER_TABLE:
      return "ALTER TABLE";
    case SQLITE_CREATE_INDEX:
    case SQLITE_CREATE_TABLE:
    case SQLITE_CREATE_TRIGGER:
    case SQLITE_CREATE_VIEW:
    case SQLITE_CREATE_TEMP_INDEX:
    case SQLITE_CREATE_TEMP_TABLE:
    case SQLITE_CREATE_TEMP_TRIGGER:
    case SQLITE_CREATE_TEMP_VIEW:
    case SQLITE_CREATE_VTABLE:
      return "CREATE";
    default:
      return "DROP";
  }
}

/* The authorizer: SQLite asks it about everything a statement would do, while preparing it. */
static int authorize(void *user, int action, const char *what, const char *detail, const char *database,
                     const char *inside) {
  (void)database, (void)inside;
  tome_guard *g = user;
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
      return SQLITE_OK;
    case SQLITE_FUNCTION: /* its name is the second word */
      if (!is_harmful_function(detail)) return SQLITE_OK;
      what = detail;
      break;
    case SQLITE_PRAGMA:
      if (is_harmless_pragma(what)) return SQLITE_OK;
      break;
    case SQLITE_UPDATE:
      /* what SQLite would do for the table behind pragma_table_info(), and then does not; a real UPDATE of the schema
       * it refuses itself */
      if (strcmp(what, "sqlite_master") == 0) return SQLITE_OK;
      break;
    default:
      break;
  }
  if (!g->refused[0]) snprintf(g->refused, sizeof g->refused, "%s %.120s", action_name(action), what ? what : "");
  return SQLITE_DENY;
}

/* One query may not take the machine's memory or its time; the largest thing in the index is a histogram of 512 KiB. */
static void set_limits(sqlite3 *db) {
  sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 16 << 20);
  sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, 1 << 20); /* the view itself is 150 KB where there are 128 kinds */
  sqlite3_limit(db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 200);
  sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_limit(db, SQLITE_LIMIT_WORKER_THREADS, 0);
}

void tome_guard_set(tome_guard *g, sqlite3 *db, double seconds) {
  *g = (tome_guard){.deadline = now() + seconds};
  set_limits(db);
  sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  sqlite3_progress_handler(db, 2000, check_time, g);
  sqlite3_set_authorizer(db, authorize, g);
}
