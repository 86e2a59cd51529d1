# Turns the files of web/ into a table of C strings: cmake -DOUT=web.c "-DPARTS=report.css;…" -P embed.cmake
# The table is tome_web_parts of page/page.h, unless -DHEADER=, -DTYPE= and -DTABLE= name another (three members: name, text, digest).
# Bytes rather than string literals: no escapes to get wrong and no limit on length. The SHA-256 is what the page's content security
# policy lets in.

if(NOT HEADER)
  set(HEADER page/page.h)
  set(TYPE tome_web_part)
  set(TABLE tome_web_parts)
endif()
file(WRITE ${OUT}.new "/* Made by embed.cmake. */\n#include \"${HEADER}\"\n\n")
set(number 0)
foreach(part IN LISTS PARTS)
  math(EXPR number "${number} + 1")
  get_filename_component(name ${part} NAME)
  file(READ ${part} hex HEX)
  file(SHA256 ${part} digest)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," digest "${digest}")
  file(APPEND ${OUT}.new "static const char part_${number}[] = {${bytes}0};\n")
  string(APPEND table "  {\"${name}\", part_${number}, {${digest}}},\n")
endforeach()
file(APPEND ${OUT}.new "\nconst ${TYPE} ${TABLE}[] = {\n${table}  {0, 0, {0}}};\n")
file(RENAME ${OUT}.new ${OUT})
