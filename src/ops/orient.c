/* orient: the axes in the order and sense of an axis code, each voxel staying where it is in the patient. */
#include <ctype.h>
#include <string.h>

#include "ops/ops.h"
#include "ops/turn.h"

enum { CODE };
static const tome_param params[] = {
    [CODE] = {"code", TOME_KIND_WORD, 1, .standard = "LPS",
              .help =
                  "where x, y and z (in this order, as nibabel, ITK and MONAI write it) run to: one each of L/R, P/A, "
                  "S/I; canonical is RAS"},
    {0},
};

/* World axis of a letter, and its sense; -1 where it is none. */
static int world_axis(char letter, bool *positive) {
  static const char to[] = "LPS", fro[] = "RAI";
  for (int i = 0; i < 3; i++)
    if (letter == to[i] || letter == fro[i]) {
      *positive = letter == to[i];
      return i;
    }
  return -1;
}

/* The code's letters for (z, y, x). */
static bool parse_code(const tome_shaping *s, int world[3], bool positive[3], tome_error *err) {
  const char *word = tome_arg_of(s, CODE)->items[0].word;
  const char *code = strcmp(word, "canonical") ? word : "RAS";
  bool ok = strlen(code) == 3;
  for (int a = 0; a < 3 && ok; a++) ok = (world[a] = world_axis((char)toupper(code[2 - a]), &positive[a])) >= 0;
  if (ok && world[0] != world[1] && world[1] != world[2] && world[0] != world[2]) return true;
  return tome_fail_step(s, err, TOME_USAGE,
                        "code=%s: wanted three letters, one each of L or R, P or A, S or I, as in LPS; or canonical",
                        word);
}

static bool shape(const tome_shaping *s, tome_flow *out, void *state, tome_error *err) {
  tome_turn *t = state;
  int world[3];
  bool positive[3];
  char have[4];
  if (!parse_code(s, world, positive, err)) return false;
  tome_geometry_code(&s->in->geometry, have);
  for (int a = 0; a < 3; a++)
    for (int f = 0; f < 3; f++) {
      bool sense = false;
      if (world_axis(have[f], &sense) != world[a]) continue;
      t->from[a] = f;
      t->back[a] = sense != positive[a];
    }
  tome_turn_shape(t, &s->in->geometry, &out->geometry);
  return true;
}

const tome_op tome_op_orient = {
    .name = "orient",
    .title = "axes in the order and sense of a code; geometry stays true",
    .example = "orient:LPS",
    .acts = TOME_ON_GRID,
    .params = params,
    .state = sizeof(tome_turn),
    .shape = shape,
    .need = tome_turn_need,
    .compute = tome_turn_compute,
};
