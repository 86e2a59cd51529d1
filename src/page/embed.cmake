# Turns the files of web/ into a table of C strings: cmake -DOUT=web.c "-DPARTS=report.css;…" -P embed.cmake
# Bytes rather than string literals: no escapes to get wrong and no limit on length. The SHA-256 is what the page's content security
# policy lets in.

file(WRITE ${OUT}.new "/* Made by embed.cmake out of src/page/web. */\n#include \"page/page.h\"\n\n")
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
file(APPEND ${OUT}.new "\nconst tome_web_part tome_web_parts[] = {\n${table}  {0, 0, {0}}};\n")
file(RENAME ${OUT}.new ${OUT})
