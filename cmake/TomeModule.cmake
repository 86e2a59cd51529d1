# tome_module: one module of src/ as one target, whose include path holds only what it may see.
#
#   tome_module(stack SOURCES stack.c load.c SEES format record)
#
# Headers are included as "module/header.h". Each module gets a folder of its own on the include path, holding one link to
# src/<module>; SEES adds those of the modules it may know (and what they see). Anything else is not found: that is the law of
# src/README.md, kept by the build. LIBS are third-party targets, private to the module.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
set(TOME_SEEN ${CMAKE_BINARY_DIR}/see)

add_library(tome_public INTERFACE) # tome.h, for everybody
file(MAKE_DIRECTORY ${TOME_SEEN}/public)
file(CREATE_LINK ${CMAKE_SOURCE_DIR}/src/tome.h ${TOME_SEEN}/public/tome.h SYMBOLIC)
target_include_directories(tome_public INTERFACE ${TOME_SEEN}/public)

add_library(tome_flags INTERFACE)
target_compile_options(tome_flags INTERFACE
  -Wall -Wextra -Wconversion -Wshadow -Wvla -Wundef -Wwrite-strings $<$<BOOL:${TOME_WERROR}>:-Werror>
  $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes -Wmissing-prototypes>)
target_compile_definitions(tome_flags INTERFACE _GNU_SOURCE _FILE_OFFSET_BITS=64)
if(TOME_SANITIZE)
  target_compile_options(tome_flags INTERFACE -fsanitize=${TOME_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(tome_flags INTERFACE -fsanitize=${TOME_SANITIZE})
endif()

set_property(GLOBAL PROPERTY TOME_MODULES "")

function(tome_module name)
  cmake_parse_arguments(M "" "" "SOURCES;SEES;LIBS" ${ARGN})
  add_library(tome_${name} STATIC ${M_SOURCES})
  file(MAKE_DIRECTORY ${TOME_SEEN}/${name})
  file(CREATE_LINK ${CMAKE_SOURCE_DIR}/src/${name} ${TOME_SEEN}/${name}/${name} SYMBOLIC)
  target_include_directories(tome_${name} PUBLIC ${TOME_SEEN}/${name})
  list(TRANSFORM M_SEES PREPEND tome_)
  target_link_libraries(tome_${name} PUBLIC tome_public ${M_SEES} PRIVATE tome_flags ${M_LIBS} Threads::Threads m)
  set_property(GLOBAL APPEND PROPERTY TOME_MODULES tome_${name})
endfunction()

# tome_test: one test program of one file, run by ctest. SEES as above; tests may include "test.h". It runs in the source tree's root.
#   tome_test(stack_order SOURCES order.c SEES stack)
function(tome_test name)
  cmake_parse_arguments(T "" "" "SOURCES;SEES;LIBS;ARGS" ${ARGN})
  add_executable(test_${name} ${T_SOURCES})
  list(TRANSFORM T_SEES PREPEND tome_)
  target_include_directories(test_${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_link_libraries(test_${name} PRIVATE ${T_SEES} ${T_LIBS} tome_public tome_flags Threads::Threads m)
  add_test(NAME ${name} COMMAND test_${name} ${T_ARGS} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77
    ENVIRONMENT "TOME_DATA=${CMAKE_SOURCE_DIR}/../shared/data;TOME_TMP=${CMAKE_BINARY_DIR}/tmp;ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1;LSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/support/leaks.supp:print_suppressions=0")
endfunction()
