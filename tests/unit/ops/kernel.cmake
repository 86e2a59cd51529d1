# The resampling kernel: golden numbers, properties, and the tools themselves.
tome_test(ops_kernel_golden SOURCES kernel_golden.c SEES ops)
tome_test(ops_kernel_properties SOURCES kernel_properties.c SEES ops)

add_executable(kernel_tool kernel_tool.c)
target_link_libraries(kernel_tool PRIVATE tome_ops tome_public tome_flags Threads::Threads m)
foreach(part IN ITEMS zoom integer resize gauss separate sizes positions definitions boxes)
  add_test(NAME ops_kernel_against_${part}
    COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/kernel_against_tools.py --tool $<TARGET_FILE:kernel_tool> --part ${part})
endforeach()

# Not part of the default build: ninja resample_bench
add_executable(resample_bench EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/bench/resample_bench.c)
target_link_libraries(resample_bench PRIVATE tome_ops tome_public tome_flags Threads::Threads m)
