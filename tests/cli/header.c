/* tome.h must compile alone, in strict C. */
#include "tome.h"

int test_header_c(void);
int test_header_c(void) { return tome_version() == NULL; }
