/* json.h - strict JSON, written as it goes. Pure ASCII: other characters become \u escapes, bytes that are no UTF-8 become U+FFFD; numbers
 * that are not finite become null. */
#ifndef TOME_CLI_JSON_H
#define TOME_CLI_JSON_H

#include <stdio.h>

#include "tome.h"

/* Zero-initialise with `out`. Commas come by themselves. */
typedef struct cli_json {
  FILE *out;
  bool lines; /* each element of the outermost array or object on a line of its own */
  int depth;
  uint32_t filled; /* bit d: something was written at depth d */
  bool after_key;
} cli_json;

void cli_json_open(cli_json *j, char bracket);  /* '{' or '[' */
void cli_json_close(cli_json *j, char bracket); /* '}' or ']'; at the outermost level a newline follows */
void cli_json_key(cli_json *j, const char *name);
void cli_json_text(cli_json *j, const char *text); /* NULL: null */
void cli_json_int(cli_json *j, int64_t v);
void cli_json_real(cli_json *j, double v); /* shortest digits that give the same double */
void cli_json_bool(cli_json *j, bool v);
void cli_json_null(cli_json *j);
void cli_json_value(cli_json *j, const tome_value *v);

/* Key and value at once. */
void cli_json_put_text(cli_json *j, const char *name, const char *text);
void cli_json_put_int(cli_json *j, const char *name, uint64_t v);
void cli_json_put_real(cli_json *j, const char *name, double v);
void cli_json_put_zyx(cli_json *j, const char *name, const double v[3]); /* an array of three */

/* The shortest text that reads back as the same double; "" where it is not finite. */
void cli_shortest(double v, char out[32]);

#endif
