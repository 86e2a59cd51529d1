/* words.c - which operands are cases, and which are steps. */
#include "cli/words.h"

#include <stdlib.h>
#include <string.h>

#include "cli/open.h"
#include "cli/say.h"

/* ---- steps ---- */

typedef struct op_search {
  const char *word;
  cli_near near;
  char best[64]; /* near.best, which does not outlive the call */
  bool found;
} op_search;

static void match_op(void *user, const tome_op_info *op) {
  op_search *s = user;
  if (strcmp(op->name, s->word) == 0) s->found = true;
  const char *before = s->near.best;
  cli_near_try(&s->near, op->name);
  if (s->near.best != before) snprintf(s->best, sizeof s->best, "%s", op->name);
}

/* A word with a colon can only be meant as a step: the library names the nearest one. */
static bool is_step(op_search *s, const char *word) {
  *s = (op_search){.word = word, .near = {.word = word}};
  return strchr(word, ':') || (tome_each_op(match_op, s, NULL) && s->found);
}

/* ---- cases ---- */

static bool saw_row(void *user, size_t columns, const char *const *names, const tome_value *values) {
  (void)columns, (void)names;
  if (values) *(bool *)user = true;
  return true;
}

/* An index that cannot be asked keeps nobody from their voxels: `*known` says that it could. */
static bool is_case(tome_store *store, const char *word, bool *known) {
  bool found = false;
  *known = tome_query(store, "SELECT id FROM cases WHERE id = ?1", &word, 1, 30, saw_row, &found, NULL);
  return *known && found;
}

static bool fail_unknown(tome_store *store, const char *word, const op_search *op, tome_error *err) {
  CLI_AUTO_KEPT cli_kept known = {0};
  cli_near near = {.word = word};
  if (!cli_kept_query(&known, store, "SELECT id FROM cases", NULL, err)) return false;
  for (size_t r = 0; r < known.rows; r++) cli_near_try(&near, cli_kept_text(&known, r, "id"));
  const char *step = op->near.best ? op->best : NULL;
  if (near.best && step)
    return cli_fail(err, "there is neither a case nor a step \"%s\"; did you mean the case %s, or the step %s?", word,
                    near.best, step);
  if (near.best || step)
    return cli_fail(err, "there is neither a case nor a step \"%s\"; did you mean the %s %s?", word,
                    near.best ? "case" : "step", near.best ? near.best : step);
  return cli_fail(err, "there is neither a case nor a step \"%s\"; tome ls lists cases, tome ops steps", word);
}

/* ---- words ---- */

bool cli_words_take(cli_words *w, const cli_args *args, tome_store *store, tome_error *err) {
  w->ids = cli_alloc(args->operand_count + 1, sizeof *w->ids);
  w->steps = cli_alloc(args->operand_count + 1, sizeof *w->steps);
  for (size_t i = 1; i < args->operand_count; i++) {
    const char *word = args->operands[i];
    op_search op;
    bool known, a_case = is_case(store, word, &known);
    if (a_case && w->step_count)
      return cli_fail(err, "the case %s stands behind the step %s: cases come first", word, w->steps[0]);
    if (!a_case && !is_step(&op, word)) {
      if (known) return fail_unknown(store, word, &op, err);
      a_case = true;
    }
    if (a_case)
      w->ids[w->id_count++] = word;
    else
      w->steps[w->step_count++] = word;
  }
  return true;
}

/* ---- --where ---- */

static int natural(const void *a, const void *b) {
  const char *p = *(const char *const *)a, *q = *(const char *const *)b;
  while (*p && *p == *q && (*p < '0' || *p > '9')) p++, q++;
  const unsigned long long m = strtoull(p, NULL, 10), n = strtoull(q, NULL, 10);
  const bool digits = *p >= '0' && *p <= '9' && *q >= '0' && *q <= '9';
  return digits && m != n ? (m > n) - (m < n) : strcmp(p, q);
}

bool cli_words_where(cli_words *w, cli_kept *found, const char *where, tome_store *store, tome_error *err) {
  CLI_AUTO_TEXT char *sql = cli_printf("SELECT id FROM cases WHERE (%s\n)", where); /* it may end in a comment */
  if (!cli_kept_query(found, store, sql, NULL, err)) return false;
  if (!found->rows) return cli_fail(err, "no case is like that: --where \"%s\"", where);
  w->ids = cli_grow(w->ids, found->rows, sizeof *w->ids);
  for (size_t r = 0; r < found->rows; r++) w->ids[w->id_count++] = cli_kept_text(found, r, "id");
  qsort(w->ids, w->id_count, sizeof *w->ids, natural);
  return true;
}

void cli_words_clear(cli_words *w) {
  free(w->ids);
  free(w->steps);
}
