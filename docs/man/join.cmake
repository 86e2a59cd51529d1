# Puts the commands, as `tome --man` prints them, and the version into the manual page.
cmake_minimum_required(VERSION 3.25)
file(READ ${PAGE} page)
file(READ ${COMMANDS} commands)
string(REPLACE "@VERSION@" "${VERSION}" page "${page}")
string(REPLACE "@COMMANDS@\n" "${commands}" page "${page}")
file(WRITE ${OUT} "${page}")
