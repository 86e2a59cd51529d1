// tome.h must compile alone, as C++.
#include "tome.h"

bool test_header_cc();
bool test_header_cc() { return tome_version() == nullptr; }
